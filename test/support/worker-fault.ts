import { armFault } from "./fault.ts";

// Loaded before the program of each worker process.
armFault();
