/** HDF5 files told apart: NWB, MATLAB v7.3, or any other with arrays in it. */
import type * as H5 from 'h5wasm';
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { explainHdf5, openHdf5, textAttribute } from './hdf5';
import { hdf5Variables } from './hdf5Value';
import { matSeries } from './matSeries';
import { describeNwb } from './nwb';
import { isDataset, isGroup } from './nwbSeries';
import { openRecording } from './recording';

/** @throws one sentence when the file is damaged or has no arrays to choose from */
export async function openHdf5File(source: FileSource): Promise<OpenFile> {
  const file = await openHdf5(source).catch((error: unknown) => {
    throw explainHdf5(error, source.name);
  });
  try {
    const { root } = file;
    const close = () => file.close();
    if (isNwb(root)) return describeNwb(source, root, close);
    const isMatlab = root.keys().some((name) => {
      const entity = root.get(name);
      return (
        name === '#refs#' ||
        (hasAttributes(entity) && textAttribute(entity, 'MATLAB_class') !== undefined)
      );
    });
    const found = await matSeries(hdf5Variables(root, isMatlab), source.name);
    return openRecording({
      format: isMatlab ? 'mat' : 'hdf5',
      fileName: source.name,
      name: stem(source.name),
      ...found,
      explain: (error) => explainHdf5(error, source.name),
      close,
    });
  } catch (error) {
    file.close();
    throw explainHdf5(error, source.name);
  }
}

function isNwb(root: H5.File): boolean {
  return Object.keys(root.attrs).includes('nwb_version') || root.keys().includes('nwb_version');
}

function hasAttributes(entity: H5.Entity | null): entity is H5.Group | H5.Dataset {
  return isGroup(entity) || isDataset(entity);
}
