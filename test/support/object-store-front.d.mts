import type { Server } from 'node:http';

export function startFront(port: number, target: number): Promise<Server>;
