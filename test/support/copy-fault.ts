import { armFault } from "./fault.ts";

armFault();
