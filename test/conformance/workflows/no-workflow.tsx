/** A file that exports no workflow. */
export default 5;
