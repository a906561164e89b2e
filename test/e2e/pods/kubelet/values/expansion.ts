// `$(NAME)` in values and arguments, by Kubernetes' rules: an unknown name stays as it is, `$$` is an escaped `$`.

/** @param values what a name stands for; undefined: the reference stays */
export function expand(text: string, values: (name: string) => string | undefined): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (values(name) ?? whole),
  );
}
