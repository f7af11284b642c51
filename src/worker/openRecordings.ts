/** Files and addresses being opened: parsed in workers that may be killed, described to the page, and imported. */
import { type Fault, faultOf } from '../base/fault';
import { cpuDecimator, type MakeDecimator } from '../data/formats/decimator';
import type { OpenFile } from '../data/formats/fileFormat';
import type { GuardedParser } from '../data/guardedOpen';
import type { SourceSpec } from '../data/guardedProtocol';
import { fileNameOf } from '../data/httpSource';
import { type Mapping, proposeMapping } from '../data/mapping';
import { type FileFingerprint, fingerprint, type RemoteFile } from '../data/provenance';
import type { Session } from '../data/session';
import { risingEdgesS } from '../data/syncPulses';
import { choiceText, chooseDecimator } from '../decode/chooseDecimator';
import { createGpuDecimator } from '../decode/gpuDecimator';
import type { GpuDevice } from '../gpu/device';
import { groupsOf, isPair } from './fileGroups';
import { importFile } from './importFile';
import { ImportReporter } from './importReporter';
import type { MappingShelf } from './mappingShelf';
import { ParserPool } from './parserPool';
import type { DataSettings, ImportProgress, OpenOutcome } from './recordingsApi';
import { fileSourceInOneBuffer } from './reusedBlocks';
import type { StartParser } from './startParser';

/** What was opened together; opened again in another parser when that one had to be killed. */
interface Group {
  readonly specs: readonly SourceSpec[];
  readonly isRemote: boolean;
  parser: GuardedParser;
  files: readonly OpenFile[];
}

interface Waiting {
  readonly group: Group;
  /** Among the group's files. */
  readonly index: number;
}

export class OpenRecordings {
  readonly #pool: ParserPool;
  readonly #mappings: MappingShelf;
  readonly #reporter: ImportReporter;
  readonly #waiting = new Map<number, Waiting>();
  readonly #makeDecimator: MakeDecimator;
  readonly #mostRawValues: number | undefined;
  #current: { controller: AbortController; parser?: GuardedParser } | undefined;
  #queue: Promise<void> = Promise.resolve();
  #nextToken = 1;

  /**
   * @param openGpu may reduce broadband, where it is faster
   * @param mostRawValues larger recordings are kept as frames only
   */
  constructor(
    startParser: StartParser,
    mappings: MappingShelf,
    tell: (progress: ImportProgress | undefined) => void,
    openGpu: () => Promise<GpuDevice>,
    mostRawValues?: number,
  ) {
    this.#mappings = mappings;
    this.#reporter = new ImportReporter(tell);
    this.#pool = new ParserPool(startParser, (bytes) => this.#reporter.received(bytes));
    this.#makeDecimator = chooseDecimator({
      preference: 'auto',
      create: {
        cpu: cpuDecimator,
        gpu: async (design) => createGpuDecimator(await openGpu(), design),
      },
      onChoice: (choice) => this.#reporter.works(choiceText(choice)),
    });
    this.#mostRawValues = mostRawValues;
  }

  /** Files that belong to one recording are opened as one; one that cannot be read harms no other. */
  async open(files: readonly File[]): Promise<OpenOutcome[]> {
    return this.#cancellable(async () => {
      const outcomes: OpenOutcome[] = [];
      for (const group of groupsOf(files)) {
        const found = await this.#openFiles(group);
        const isBroken = found.some((outcome) => 'fault' in outcome);
        // Files that were taken for a pair for want of others are read each for itself when one of them is damaged.
        if (!isBroken || !isPair(group)) outcomes.push(...found);
        else for (const file of group) outcomes.push(...(await this.#openFiles([file])));
      }
      return outcomes;
    }, []);
  }

  #openFiles(group: readonly File[]): Promise<OpenOutcome[]> {
    const specs = group.map((file): SourceSpec => ({ kind: 'blob', file }));
    return this.#openGroup(specs, namesOf(group), false);
  }

  /**
   * @param url of one recording that its server gives in parts
   * @throws one sentence when it is no address
   */
  async openAddress(url: string): Promise<OpenOutcome[]> {
    if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url)) {
      throw new Error(
        `[http] expected an address that begins with https:// or http://, got "${url}": copy it from where the file lies`,
      );
    }
    return this.#cancellable(
      () => this.#openGroup([{ kind: 'url', url }], fileNameOf(url), true),
      [],
    );
  }

  async #openGroup(
    specs: readonly SourceSpec[],
    names: string,
    isRemote: boolean,
  ): Promise<OpenOutcome[]> {
    this.#reporter.begin(names, 'Opening');
    let parser: GuardedParser | undefined;
    try {
      parser = await this.#take(isRemote);
      const group: Group = { specs, isRemote, parser, files: await parser.open(specs) };
      return group.files.map((_, index) => this.#describe(group, index));
    } catch (error) {
      this.#current?.controller.signal.throwIfAborted();
      return [{ fileName: names, fault: openFault(names, error) }];
    } finally {
      this.#giveBack(parser);
    }
  }

  #describe(group: Group, index: number): OpenOutcome {
    const file = group.files[index];
    const { fileName, format, series, warnings } = file;
    try {
      const { mapping, reasons } = proposeMapping(file);
      const token = this.#nextToken++;
      this.#waiting.set(token, { group, index });
      const remembered = this.#mappings.find(file, mapping);
      const shown = { token, fileName, format, series, proposal: mapping, reasons, warnings };
      return { file: { ...shown, ...(remembered && { remembered }) } };
    } catch (error) {
      file.close();
      return { fileName, fault: openFault(fileName, error) };
    }
  }

  /**
   * Reads an opened file as the mapping says. The file stays open: after a refused choice another can be tried.
   * @returns undefined when it was cancelled
   * @throws one sentence when the file is damaged or does not fit the mapping
   */
  async import(token: number, mapping: Mapping, data: DataSettings): Promise<Session | undefined> {
    const { group, index } = this.#waitingAt(token);
    return this.#cancellable(async ({ signal }) => {
      const { fileName } = group.files[index];
      this.#reporter.begin(fileName, 'Reading');
      const parser = await this.#take(group.isRemote, group.parser);
      try {
        await this.#reopen(group, parser);
        const session = await importFile(group.files[index], mapping, {
          data,
          signal,
          onRead: (fraction, readS) => this.#reporter.read(fraction, readS),
          makeDecimator: this.#makeDecimator,
          mostRawValues: this.#mostRawValues,
        });
        if (!session.provenance || group.files[index].format === 'arrow') return session;
        await this.#mappings.remember(group.files[index], session.provenance.mapping, session.name);
        const files = await this.#origins(group.specs, fileName, signal);
        return { ...session, provenance: { ...session.provenance, files } };
      } finally {
        this.#giveBack(parser);
      }
    }, undefined);
  }

  /**
   * Seconds at which the pulse in this series or column rises; none when it was cancelled.
   * @throws one sentence when there is no such pulse
   */
  async pulses(token: number, name: string): Promise<number[]> {
    const { group, index } = this.#waitingAt(token);
    return this.#cancellable(async () => {
      this.#reporter.begin(group.files[index].fileName, 'Looking for pulses in');
      const parser = await this.#take(group.isRemote, group.parser);
      try {
        await this.#reopen(group, parser);
        return await risingEdgesS(group.files[index], name);
      } finally {
        this.#giveBack(parser);
      }
    }, []);
  }

  #waitingAt(token: number): Waiting {
    const waiting = this.#waiting.get(token);
    if (!waiting) throw new Error('[open] expected an open file, got a closed one: add it again');
    return waiting;
  }

  async #reopen(group: Group, parser: GuardedParser): Promise<void> {
    if (parser === group.parser) return;
    group.parser = parser;
    group.files = await parser.open(group.specs);
  }

  async #origins(
    specs: readonly SourceSpec[],
    fileName: string,
    signal: AbortSignal,
  ): Promise<(FileFingerprint | RemoteFile)[]> {
    const names = fileName.split(', ');
    const origins: (FileFingerprint | RemoteFile)[] = [];
    for (const spec of specs) {
      if (spec.kind === 'url') origins.push({ name: fileName, url: spec.url });
      if (spec.kind !== 'blob' || (specs.length > 1 && !names.includes(spec.file.name))) continue;
      this.#reporter.begin(spec.file.name, 'Taking the fingerprint of');
      const source = fileSourceInOneBuffer(spec.file);
      const slice = (start: number, end: number) => {
        this.#reporter.read(start / source.byteLength);
        return source.slice(start, end);
      };
      origins.push(await fingerprint({ ...source, slice }, signal));
    }
    return origins;
  }

  close(token: number): void {
    const waiting = this.#waiting.get(token);
    this.#waiting.delete(token);
    if (waiting?.group.parser.isAlive) waiting.group.files[waiting.index].close();
    this.#tidy();
  }

  /** Stops what is being opened or read; nothing of it stays. */
  cancel(): void {
    this.#current?.controller.abort(new Error('[open] cancelled'));
    this.#current?.parser?.end();
  }

  async #cancellable<T>(
    action: (controller: AbortController) => Promise<T>,
    cancelled: T,
  ): Promise<T> {
    // One after the other: each takes the memory that there is.
    const before = this.#queue;
    let done = () => {};
    this.#queue = new Promise((resolve) => {
      done = resolve;
    });
    await before;
    const controller = new AbortController();
    this.#current = { controller };
    try {
      return await action(controller);
    } catch (error) {
      // Whatever fails after a cancel fails because of it.
      if (controller.signal.aborted) return cancelled;
      throw error;
    } finally {
      this.#current = undefined;
      this.#reporter.end();
      done();
    }
  }

  async #take(isRemote: boolean, wanted?: GuardedParser): Promise<GuardedParser> {
    const parser = await this.#pool.take(isRemote, wanted);
    if (this.#current) this.#current.parser = parser;
    this.#current?.controller.signal.throwIfAborted();
    return parser;
  }

  #giveBack(parser: GuardedParser | undefined): void {
    if (parser) this.#pool.giveBack(parser);
    if (this.#current) this.#current.parser = undefined;
    this.#tidy();
  }

  #tidy(): void {
    this.#pool.tidy(new Set([...this.#waiting.values()].map(({ group }) => group.parser)));
  }
}

function namesOf(files: readonly File[]): string {
  return files.map(({ name }) => name).join(', ');
}

function openFault(fileName: string, error: unknown): Fault {
  return faultOf(`${fileName} could not be opened.`, error);
}
