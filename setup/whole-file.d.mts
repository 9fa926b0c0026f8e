export function writeWhole(path: string, text: string, mode?: number): void;
