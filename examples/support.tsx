/** @jsxImportSource smithers-orchestrator */
/** Answers a question from a list, then by a search; what neither can answer goes to a person. Runs without a model. */
import { createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const answer = z.object({ reply: z.string(), confidence: z.number().min(0).max(1) });

const { smithers, outputs, Workflow, Task, EscalationChain } = createSmithers({
  input: z.object({ question: z.string().min(1) }),
  answer,
  human: z.object({ reply: z.string().min(1) }),
  sent: z.object({ reply: z.string() }),
});

const known: Readonly<Record<string, string>> = {
  "opening hours": "We are open from 9 to 17.",
  "lost password": "Use the link under the form to set a new one.",
};

/** Stands for a model: it knows what it is asked only when it is asked in these words. */
const list = {
  id: "list",
  generate({ prompt }: { prompt: string }) {
    const topic = Object.keys(known).find((one) => prompt.startsWith(one));
    return { output: { reply: topic ? known[topic] : "", confidence: topic ? 1 : 0 } };
  },
};

const search = {
  id: "search",
  generate({ prompt }: { prompt: string }) {
    const [question = ""] = prompt.toLowerCase().split("\n");
    const topic = Object.keys(known).find((one) => one.split(" ").some((word) => question.includes(word)));
    return { output: { reply: topic ? known[topic] : "", confidence: topic ? 0.6 : 0 } };
  },
};

export default smithers((ctx) => {
  const replies = [...ctx.outputs.answer, ...ctx.outputs.human];
  return (
    <Workflow name="support">
      <EscalationChain
        id="support"
        escalationOutput={outputs.human}
        humanFallback
        humanRequest={{ title: "A question for you", summary: ctx.input.question }}
        levels={[
          { agent: list, output: outputs.answer, label: "List", escalateIf: ({ confidence }) => confidence < 0.9 },
          { agent: search, output: outputs.answer, label: "Search", escalateIf: ({ confidence }) => confidence < 0.5 },
        ]}
      >
        {ctx.input.question}
      </EscalationChain>
      <Task id="send" output={outputs.sent}>
        {() => ({ reply: replies.at(-1)!.reply })}
      </Task>
    </Workflow>
  );
});
