import Form from "@rjsf/core";
import type { IconButtonProps, RJSFSchema, UiSchema } from "@rjsf/utils";
import { useMemo } from "react";
import { extraErrors, validator } from "./schema-validator.ts";

const uiSchema: UiSchema = { "ui:submitButtonOptions": { norender: true } };

/** A button of a list's items: with a word, where the library has an icon of a font that is not there. */
const wordButton =
  (word: string) =>
  ({ disabled, onClick, id }: IconButtonProps) => (
    <button type="button" id={id} className="button is-small" disabled={disabled} onClick={onClick}>
      {word}
    </button>
  );

const templates = {
  ButtonTemplates: {
    AddButton: wordButton("Add"),
    RemoveButton: wordButton("Remove"),
    MoveUpButton: wordButton("Up"),
    MoveDownButton: wordButton("Down"),
    CopyButton: wordButton("Copy"),
    ClearButton: wordButton("Clear"),
  },
};

/** A form for data of a JSON Schema. Errors stand at their fields: the schema's, and those that the server has told. */
export default function SchemaForm(props: {
  id: string;
  schema: Record<string, unknown>;
  value: unknown;
  issues: readonly { path: (string | number)[]; message: string }[];
  onChange(value: unknown): void;
  onSubmit(value: unknown): void;
}) {
  const errors = useMemo(() => extraErrors(props.issues), [props.issues]);
  return (
    <Form
      className="schema-form"
      idPrefix={props.id}
      id={props.id}
      schema={props.schema as RJSFSchema}
      uiSchema={uiSchema}
      validator={validator}
      templates={templates}
      formData={props.value}
      extraErrors={errors}
      extraErrorsBlockSubmit={false}
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      onChange={({ formData }) => props.onChange(formData)}
      onSubmit={({ formData }) => props.onSubmit(formData)}
    />
  );
}
