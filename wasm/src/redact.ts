/**
 * Objects that hold secrets and can be logged.
 *
 * Secret properties are enumerable getters over a closure: reading them, destructuring and spreading work as with any
 * object, while `util.inspect` does not call getters, and `toJSON` leaves them out.
 */

const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

/** What is printed where a secret would be. */
export const REDACTED = "[secret]";

type Inspect = (value: unknown, options: unknown) => string;

/** The methods of everything sealed. They are inherited, so that spreading or listing an object does not see them. */
const sealedPrototype = {
  toJSON(this: object): Record<string, unknown> {
    const shown: Record<string, unknown> = {};
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(this))) {
      shown[name] = property.get ? REDACTED : property.value;
    }
    return shown;
  },
  [inspectCustom](this: { toJSON(): object }, _depth: number, options: unknown, inspect: Inspect): string {
    return inspect(this.toJSON(), options);
  },
};

/** A frozen object with the properties of both arguments, of which the second one's are never printed. */
export function sealed<Visible extends object, Secret extends object>(
  visible: Visible,
  secret: Secret,
): Readonly<Visible & Secret> {
  const object: object = Object.create(sealedPrototype);
  for (const [name, value] of Object.entries(visible)) {
    Object.defineProperty(object, name, { enumerable: true, value });
  }
  for (const [name, value] of Object.entries(secret)) {
    Object.defineProperty(object, name, { enumerable: true, get: () => value });
  }
  return Object.freeze(object) as Readonly<Visible & Secret>;
}
