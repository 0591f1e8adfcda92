import type { ReactElement, ReactNode } from "react";
import { z } from "zod";
import { wholeExample } from "../model/index.ts";
import { Branch, Parallel, Sequence } from "./components/workflow.ts";
import type { OutputSchema } from "./outputs.ts";
import { React } from "./react.ts";

/** What a component that writes a prompt gets in addition to its own props. */
export interface PromptProps {
  /** An example of the task's output, as JSON. */
  schema?: string;
  /** The elements that Markdown stands for, by name, as MDX takes them. */
  components?: Readonly<Record<string, string>>;
}

const components: Required<PromptProps>["components"] = Object.fromEntries(
  "a blockquote br code em h1 h2 h3 h4 h5 h6 hr img li ol p pre strong ul".split(" ").map((tag) => [tag, tag]),
);

/** These refuse props that they do not know. */
const structural: ReadonlySet<unknown> = new Set([Branch, Parallel, Sequence]);

/** Gives the components that a prompt consists of their {@link PromptProps}, unless the author has given them. */
export function withPromptProps(prompt: ReactNode, output: OutputSchema): ReactNode {
  if (Array.isArray(prompt)) return React.Children.map(prompt, (child) => withPromptProps(child, output));
  if (!React.isValidElement(prompt) || !isAuthors(prompt.type)) return prompt;
  const element = prompt as ReactElement<PromptProps>;
  return React.cloneElement(element, {
    schema: element.props.schema ?? exampleOf(output),
    components: element.props.components ?? components,
  });
}

function isAuthors(type: unknown): boolean {
  return typeof type === "function" && !structural.has(type);
}

const examples = new WeakMap<OutputSchema, string>();

function exampleOf(output: OutputSchema): string {
  const known = examples.get(output);
  if (known !== undefined) return known;
  const jsonSchema = z.toJSONSchema(output.schema, { unrepresentable: "any", io: "input" });
  const example = JSON.stringify(wholeExample(jsonSchema), null, 2);
  examples.set(output, example);
  return example;
}
