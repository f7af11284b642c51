/** The studio behind the page: owns the device, the recordings, the models, the run and the decoder. */
import { transfer } from 'comlink';
import type { Mapping } from '../data/mapping';
import type { Quality } from '../data/quality';
import { syntheticSessions } from '../data/synthetic';
import { type GpuDevice, openGpuDevice } from '../gpu/device';
import type { Stage } from '../train/events';
import type { StudioApi, StudioListener } from './api';
import { DecodeLoop } from './decodeLoop';
import type { DecodeLayout, DecodeRequest } from './decodingApi';
import { Models, normalisedAs } from './heldModel';
import type { SessionEntry } from './library';
import { MappingShelf } from './mappingShelf';
import { OpenRecordings } from './openRecordings';
import { Preparer, preparationOf } from './preparing';
import { spectrumOf, traceOf } from './previews';
import { Recordings, summaryOf } from './recordings';
import type {
  DataSettings,
  OpenOutcome,
  Preparation,
  SessionSummary,
  SpectrumPreview,
  TracePreview,
} from './recordingsApi';
import { ResultsKeeper } from './resultsKeeper';
import { RunControl } from './runControl';
import { SavedRuns } from './savedRuns';
import { presetInfos } from './settings';
import type { StartParser } from './startParser';
import { openStudioFolders, type StudioFolders } from './storage';
import type { RunOutcome, TrainRequest } from './trainingApi';
import { trainRequested } from './trainRequested';

export class Studio implements StudioApi {
  readonly #preparer = new Preparer();
  #device: GpuDevice | undefined;
  #folders: StudioFolders | undefined;
  #recordings!: Recordings;
  #opened!: OpenRecordings;
  #models!: Models;
  #saved!: SavedRuns;
  #results!: ResultsKeeper;
  #run: RunControl | undefined;
  #decode: DecodeLoop | undefined;

  readonly #tell: StudioListener;
  readonly #startParser: StartParser;

  /** @param tell takes every event, in order */
  constructor(tell: StudioListener, startParser: StartParser) {
    this.#tell = tell;
    this.#startParser = startParser;
  }

  async connect(): Promise<void> {
    this.#tell({ type: 'presets', presets: presetInfos() });
    this.#folders = await openStudioFolders();
    const { recordings, models, runs, results, mappings, note } = this.#folders;
    if (note) this.#tell({ type: 'note', text: note });
    this.#recordings = new Recordings(recordings);
    const shelf = new MappingShelf(mappings);
    await shelf.restore();
    this.#opened = new OpenRecordings(
      this.#startParser,
      shelf,
      (progress) => this.#tell({ type: 'import', progress }),
      () => this.#openDevice(),
    );
    this.#models = new Models(models);
    this.#saved = new SavedRuns(runs);
    this.#results = new ResultsKeeper(results);
    const problems = await this.#recordings.restore();
    for (const text of problems) this.#tell({ type: 'note', text });
    await Promise.all([this.#models.restore(), this.#saved.restore(), this.#results.restore()]);
    this.#tellSessions();
    this.#tellModels();
    this.#tell({ type: 'saved', runs: this.#saved.all });
    if (this.#results.latest) this.#tell({ type: 'results', results: this.#results.latest });
    await this.#openDevice();
  }

  openFiles(files: File[]): Promise<OpenOutcome[]> {
    return this.#opened.open(files);
  }

  openAddress(url: string): Promise<OpenOutcome[]> {
    return this.#opened.openAddress(url);
  }

  async addFile(
    token: number,
    mapping: Mapping,
    data: DataSettings,
  ): Promise<SessionSummary | undefined> {
    const session = await this.#opened.import(token, mapping, data);
    if (!session) return undefined;
    this.#opened.close(token);
    const isHere = this.#recordings.has(session.id);
    await this.#recordings.add(session);
    if (isHere) {
      const { name } = this.#recordings.get(session.id);
      this.#tell({ type: 'note', text: `This recording is here already, as ${name}.` });
    }
    this.#tellSessions();
    return summaryOf(this.#recordings.get(session.id));
  }

  pulsesOf(token: number, name: string): Promise<number[]> {
    return this.#opened.pulses(token, name);
  }

  async closeFile(token: number): Promise<void> {
    this.#opened.close(token);
  }

  async cancelImport(): Promise<void> {
    this.#opened.cancel();
  }

  async addBuiltIn(): Promise<SessionSummary[]> {
    const sessions = syntheticSessions();
    for (const session of sessions) await this.#recordings.add(session);
    this.#tellSessions();
    return sessions.map(summaryOf);
  }

  async quality(id: string, notchHz: DataSettings['notchHz']): Promise<Quality> {
    return this.#recordings.quality(id, notchHz);
  }

  async useChannels(id: string, channels: readonly number[], areUsed: boolean): Promise<void> {
    if (this.#run) {
      throw new Error('[channels] expected no run, got one: wait or cancel it before this change');
    }
    await this.#recordings.useChannels(id, channels, areUsed);
    this.#tellSessions();
  }

  async describeSession(id: string, entry: SessionEntry): Promise<void> {
    await this.#recordings.describe(id, entry);
    this.#tellSessions();
  }

  async exportSession(id: string): Promise<Uint8Array> {
    const bytes = this.#recordings.exported(id);
    return transfer(bytes, [bytes.buffer]);
  }

  async removeSession(id: string): Promise<void> {
    await this.#recordings.remove(id);
    this.#tellSessions();
  }

  async restoreSession(id: string): Promise<void> {
    await this.#recordings.takeBack(id);
    this.#tellSessions();
  }

  async traces(id: string, startS: number, lengthS: number): Promise<TracePreview> {
    const preview = traceOf(this.#recordings.get(id), startS, lengthS);
    return transfer(preview, [preview.data.buffer]);
  }

  async spectrum(id: string, notchHz: DataSettings['notchHz']): Promise<SpectrumPreview> {
    const preview = spectrumOf(this.#recordings.get(id), notchHz);
    return transfer(preview, [preview.powerDb.buffer, preview.frequenciesHz.buffer]);
  }

  async prepare(id: string, data: DataSettings): Promise<Preparation> {
    return preparationOf(this.#preparer.prepare(this.#recordings.get(id), data));
  }

  async train(request: TrainRequest): Promise<RunOutcome> {
    if (this.#run) throw new Error('[train] expected no other run, got one: wait or cancel it');
    await this.stopDecode();
    const control = new RunControl();
    this.#run = control;
    try {
      return await trainRequested(request, {
        control,
        recordings: this.#recordings,
        models: this.#models,
        saved: this.#saved,
        results: this.#results,
        preparer: this.#preparer,
        tell: this.#tell,
        device: () => this.#openDevice(),
        reopenDevice: () => {
          this.#device = undefined;
          return this.#openDevice();
        },
      });
    } finally {
      this.#run = undefined;
      this.#tellModels();
      this.#tell({ type: 'saved', runs: this.#saved.all });
    }
  }

  async pauseRun(): Promise<void> {
    this.#run?.pause();
  }

  async resumeRun(): Promise<void> {
    this.#run?.resume();
  }

  async stepRun(): Promise<void> {
    this.#run?.step();
  }

  async cancelRun(): Promise<void> {
    this.#run?.cancel();
  }

  async forgetSaved(stage: Stage): Promise<void> {
    await this.#saved.forget(stage);
    this.#tell({ type: 'saved', runs: this.#saved.all });
  }

  async exportModel(which: 'teacher' | 'student'): Promise<Uint8Array> {
    const bytes = this.#models.exported(which);
    return transfer(bytes, [bytes.buffer]);
  }

  async importModel(bytes: Uint8Array): Promise<void> {
    await this.#models.load(bytes);
    this.#tellModels();
  }

  async startDecode(request: DecodeRequest): Promise<DecodeLayout> {
    await this.stopDecode();
    const model = this.#models.get('student');
    if (!model) throw new Error('[decode] expected a student, got none: distil or load one first');
    const { sessionId, ...settings } = request;
    const session = this.#recordings.get(sessionId);
    const data = normalisedAs(model, settings.data);
    if (data.runningZScoreS !== settings.data.runningZScoreS) {
      const text =
        'The LFP is normalised as the student was trained, not as chosen with the front end.';
      this.#tell({ type: 'note', text });
    }
    this.#decode = await DecodeLoop.open({
      ...settings,
      data,
      device: () => this.#openDevice(),
      model,
      prepared: this.#preparer.prepare(session, data),
      session,
      tell: this.#tell,
    });
    return this.#decode.layout;
  }

  async playDecode(): Promise<void> {
    this.#decode?.play();
  }

  async pauseDecode(): Promise<void> {
    this.#decode?.pause();
  }

  async stepDecode(): Promise<void> {
    this.#decode?.step();
  }

  async setDecodeSpeed(speed: number): Promise<void> {
    this.#decode?.setSpeed(speed);
  }

  async setDecodeLoop(loop: boolean): Promise<void> {
    this.#decode?.setLoop(loop);
  }

  async stopDecode(): Promise<void> {
    const decode = this.#decode;
    this.#decode = undefined;
    await decode?.close();
  }

  async #openDevice(): Promise<GpuDevice> {
    if (this.#device) return this.#device;
    const device = await openGpuDevice(navigator.gpu);
    this.#device = device;
    void device.lost.then(() => {
      if (this.#device === device) this.#device = undefined;
    });
    const { adapterName, isSoftware } = device;
    this.#tell({ type: 'adapter', adapter: { name: adapterName, isSoftware } });
    return device;
  }

  #tellSessions(): void {
    this.#tell({ type: 'sessions', sessions: this.#recordings.summaries });
  }

  #tellModels(): void {
    this.#tell({ type: 'models', models: this.#models.summaries });
  }
}
