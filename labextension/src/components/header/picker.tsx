/** One choice among a few, in the panel's head. */
import React from 'react';

export interface PickerOption<T extends string> {
  readonly value: T;
  readonly label: string;
}

export interface PickerProps<T extends string> {
  label: string;
  title: string;
  value: T;
  options: readonly PickerOption<T>[];
  choose: (value: T) => void;
}

export function Picker<T extends string>(props: PickerProps<T>): JSX.Element {
  const { label, title, value, options } = props;
  return (
    <select
      className="jp-AgentHost-select"
      value={value}
      aria-label={label}
      title={title}
      onChange={event => {
        const chosen = options.find(option => option.value === event.target.value);
        if (chosen) {
          props.choose(chosen.value);
        }
      }}
    >
      {options.map(option => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}
