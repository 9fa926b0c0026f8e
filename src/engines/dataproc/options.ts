/** What the engine is given: its settings, and what it takes of the installation's. */
export interface DataprocOptions {
  projectId: string;
  region: string;
  tempBucket: string;
  resultsBucket: string;
  runtimeVersion: string;
  containerImage?: string | undefined;
  serviceAccount?: string | undefined;
  subnetwork?: string | undefined;
  minExecutors: number;
  maxExecutors: number;
  /** Added to what we set ourselves. */
  sparkProperties?: Record<string, string>;
  /** Name of the secret that holds the database's address; the address itself never leaves this machine. */
  databaseSecret: string | undefined;
  /** Folders that hold sevenfold_jobs, ours first. */
  codeFolders: readonly string[];
  /** Files of spark/jars.lock. */
  jars: readonly string[];
  emulator?: { host: string; port: number } | undefined;
  storageEndpoint?: string | undefined;
  /** How often a batch is asked for: at first, and at the longest. */
  pollMs?: { first: number; longest: number };
  /** A call that takes longer is given up; its caller repeats it. */
  callTimeoutMs?: number;
}
