export { callingFile, importedSince, register, runRegistered } from "./attribute.ts";
export { filesOf, noteFiles } from "./files.ts";
export { framesOf, noteBackslashes, type StackFrame } from "./frames.ts";
export { markThrown, runMarked, runMarkedSync } from "./marks.ts";
export { currentOrigin, type Origin, type OriginFacts, runAs, runAsNone } from "./origin.ts";
export { noteSourceLines, placeInSource, type SourceLine } from "./source-lines.ts";
export { TimerScope } from "./timers.ts";
export { contain } from "./watch.ts";
