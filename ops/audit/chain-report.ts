import { type AnchorReport, type AnchorWitness, readAnchorFile, verifyAnchors } from './anchors.ts';
import { type ChainReport, verifyChains } from './chain.ts';
import { openDatabase } from './database.ts';

export interface ChainAudit {
  readonly sound: boolean;
  readonly partitions: readonly ChainReport[];
  /** Null: nobody said where anchors are. */
  readonly anchors: AnchorReport | null;
}

/** Recomputes every chain from its first record and holds it to every anchor there is. */
export async function auditChains(
  postgresUrl: string,
  witness: AnchorWitness | null,
): Promise<ChainAudit> {
  const text = witness === null ? '' : await readAnchorFile(witness.directory);
  const db = await openDatabase(postgresUrl, 1);
  try {
    const partitions = await verifyChains(db);
    const anchors = witness && (await verifyAnchors(db, { ...witness, text }));
    const broken = partitions.some((partition) => partition.fault !== null);
    return { sound: !broken && (anchors?.violations.length ?? 0) === 0, partitions, anchors };
  } finally {
    await db.close();
  }
}
