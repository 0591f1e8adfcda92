/** A prompt or another component, written in MDX. */
declare module "*.mdx" {
  const Component: (props: Record<string, unknown>) => import("react").ReactElement;
  export default Component;
}
