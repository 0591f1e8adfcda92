import type { ReactNode } from "react";

const paths: Readonly<Record<string, ReactNode>> = {
  copy: (
    <>
      <rect x="5.5" y="5.5" width="7.5" height="7.5" rx="1.5" />
      <path d="M10.5 3.5v-.2A1.3 1.3 0 0 0 9.2 2H4.3A1.3 1.3 0 0 0 3 3.3v4.9a1.3 1.3 0 0 0 1.3 1.3h.2" />
    </>
  ),
  done: <path d="m3.5 8.5 3 3 6-6.5" />,
  close: <path d="m4 4 8 8m0-8-8 8" />,
  up: <path d="M8 12.5v-9M4 7.5l4-4 4 4" />,
  down: <path d="M8 3.5v9M4 8.5l4 4 4-4" />,
  system: (
    <>
      <circle cx="8" cy="8" r="5" />
      <path d="M8 3a5 5 0 0 1 0 10Z" fill="currentColor" />
    </>
  ),
  light: (
    <>
      <circle cx="8" cy="8" r="2.6" />
      <path d="M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1" />
    </>
  ),
  dark: <path d="M13 9.4A5.4 5.4 0 0 1 6.6 3 5.2 5.2 0 1 0 13 9.4Z" />,
};

/** A sign on a button whose name says the same. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {paths[name]}
    </svg>
  );
}
