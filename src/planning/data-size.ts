/** How much data a job reads: what its executors are planned from. Numbers and rules are those of the seed system. */

export type SizeCategory = 'small' | 'medium' | 'large' | 'huge' | 'unknown';

export interface DataSize {
  rows: number;
  totalMb: number;
  memoryGb: number;
  category: SizeCategory;
  /** From 0 to 1; only an analysis of the data itself can tell. */
  complexity?: number;
  estimateSource: 'given' | 'object' | 'table' | 'nothing known' | 'analysis';
  /** Why the size is unknown. */
  error?: string;
}

export interface Column {
  name: string;
  /** As Spark's schema calls it. */
  type: string;
  /** Text columns: distinct values over all rows, where known; else they are counted in the given rows. */
  distinct?: number;
}

export interface DataSample {
  columns: readonly Column[];
  /** Rows of the whole data set, not of the sample. */
  rows: number;
  sample: readonly Readonly<Record<string, unknown>>[];
}

/** What is known without reading the data; the first that is given decides. */
export interface SizeHints {
  dataSizeMb?: number;
  /** Beside `dataSizeMb`. */
  rows?: number;
  objectMb?: number;
  /** `csv`, `parquet`, … */
  format?: string;
  table?: { bytes: number; rows: number };
}

const bytesPerMb = 2 ** 20;
/** Values of a text column that are looked at for their length. */
const sampledRows = 1_000;
/** More distinct values than this make a text column expensive to group by. */
const manyDistinct = 1_000;
const unknownComplexity = 0.5;

const rowsPerMb = { parquet: 5_000, other: 1_000 };
const tableRowsPerMb = 10_000;
const nothingKnown = { totalMb: 100, rows: 10_000 };

export function sizeCategory(totalMb: number): Exclude<SizeCategory, 'unknown'> {
  if (totalMb < 100) return 'small';
  if (totalMb < 1_000) return 'medium';
  if (totalMb < 10_000) return 'large';
  return 'huge';
}

/** Sizes data from its schema and a sample of its rows. What cannot be analysed is `unknown`, with the reason. */
export function analyseSize(data: DataSample): DataSize {
  try {
    const rows = amount('rows', data.rows);
    const bytes = data.columns.reduce((sum, column) => sum + columnBytes(column, data), 0);
    return { ...sized((bytes * rows) / bytesPerMb, rows, 'analysis'), complexity: complexityOf(data) };
  } catch (error) {
    return unknownSize('analysis', error);
  }
}

/** Sizes data before anything is submitted, from what is known of it without reading it. */
export function estimateSize(hints: SizeHints): DataSize {
  const source = sourceOf(hints);
  try {
    const { totalMb, rows } = estimates[source](hints);
    return sized(totalMb, rows, source);
  } catch (error) {
    return unknownSize(source, error);
  }
}

type EstimateSource = Exclude<DataSize['estimateSource'], 'analysis'>;

function sourceOf({ dataSizeMb, objectMb, table }: SizeHints): EstimateSource {
  if (dataSizeMb !== undefined) return 'given';
  if (objectMb !== undefined) return 'object';
  return table === undefined ? 'nothing known' : 'table';
}

const estimates: Record<EstimateSource, (hints: SizeHints) => { totalMb: number; rows: number }> = {
  given({ dataSizeMb, rows }) {
    const totalMb = amount('dataSizeMb', dataSizeMb!);
    return { totalMb, rows: amount('rows', rows ?? totalMb * rowsPerMb.other) };
  },
  object({ objectMb, format }) {
    const totalMb = amount('objectMb', objectMb!);
    const perMb = format?.toLowerCase() === 'parquet' ? rowsPerMb.parquet : rowsPerMb.other;
    return { totalMb, rows: totalMb * perMb };
  },
  table({ table }) {
    const [bytes, rows] = [amount('table.bytes', table!.bytes), amount('table.rows', table!.rows)];
    if (bytes > 0) return { totalMb: bytes / bytesPerMb, rows };
    if (rows > 0) return { totalMb: Math.max(1, rows / tableRowsPerMb), rows };
    return { totalMb: 1, rows: 1_000 };
  },
  'nothing known': () => nothingKnown,
};

function sized(totalMb: number, rows: number, estimateSource: DataSize['estimateSource']): DataSize {
  return {
    rows: Math.round(rows),
    totalMb,
    memoryGb: totalMb / 1024,
    category: sizeCategory(totalMb),
    estimateSource,
  };
}

function unknownSize(estimateSource: DataSize['estimateSource'], error: unknown): DataSize {
  const reason = error instanceof Error ? error.message : String(error);
  return { rows: 0, totalMb: 0, memoryGb: 0, category: 'unknown', estimateSource, error: reason };
}

/** Bytes of one value. */
export function columnBytes({ name, type }: Column, { sample, rows }: Omit<DataSample, 'columns'>): number {
  switch (kindOf(type)) {
    case 'text':
      return rows === 0 ? 0 : textBytes(name, sample);
    case 'binary':
      return 64;
    case 'double':
    case 'long':
    case 'bigint':
      return 8;
    case 'int':
    case 'integer':
      return 4;
    case 'boolean':
      return 1;
    default:
      return 16;
  }
}

/** `VARCHAR(20)` is `text`, every other type its own name in small letters. */
function kindOf(type: string): string {
  const name = type.toLowerCase().replace(/\(.*$/, '').trim();
  return ['string', 'varchar', 'char', 'text'].includes(name) ? 'text' : name;
}

function textBytes(name: string, sample: DataSample['sample']): number {
  if (sample.length === 0)
    throw new Error(`column ${name} is text, and no row shows how long its values are`);
  const lengths = textsIn(name, sample.slice(0, sampledRows)).map((value) => value.length);
  if (lengths.length === 0) return 0;
  const average = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  return (average + Math.max(...lengths)) / 2;
}

function textsIn(name: string, rows: DataSample['sample']): string[] {
  return rows.flatMap((row) => {
    const value = row[name];
    return value == null ? [] : [typeof value === 'string' ? value : JSON.stringify(value)];
  });
}

function complexityOf({ columns, sample }: DataSample): number {
  const texts = columns.filter(({ type }) => kindOf(type) === 'text');
  const distinct = texts.map(({ name, distinct }) => distinct ?? new Set(textsIn(name, sample)).size);
  const countable = sample.length > 0 || texts.every((column) => column.distinct !== undefined);
  if (columns.length === 0 || !countable || !distinct.every(Number.isFinite)) return unknownComplexity;
  const wide = distinct.filter((count) => count > manyDistinct).length;
  const types = new Set(columns.map(({ type }) => kindOf(type))).size;
  // In tenths, so that 0.1 + 0.2 is 0.3.
  return Math.min(10, texts.length + 2 * wide + types) / 10;
}

function amount(name: string, value: number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new Error(`${name} is ${String(value)}, but must be a number of at least 0`);
}
