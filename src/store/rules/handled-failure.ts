/**
 * What the JSON of a node's error contains once a catch or a compensation has begun to answer the failure. Such a node
 * stays failed when its run runs again. In a text of the error, the quotation marks would be escaped.
 */
export const handledFailure = '"failureHandled":true';
