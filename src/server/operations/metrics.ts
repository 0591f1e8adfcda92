import { prometheusContentType, type Telemetry } from "../../telemetry/index.ts";
import { operation } from "../operation.ts";

export const readMetrics = operation({
  id: "readMetrics",
  summary: "Read all metrics in the Prometheus text format",
  answer: "text",
  answerType: prometheusContentType,
  errors: [],
  async handle({ c }, { telemetry }: { telemetry: Telemetry }) {
    return c.body(await telemetry.metricsText(), 200, { "Content-Type": prometheusContentType });
  },
});
