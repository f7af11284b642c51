/** HDF5 files told apart: NWB, MATLAB v7.3, or any other with arrays in it. */
import type * as H5 from 'h5wasm';
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { explainHdf5, isDataset, isH5Group, openHdf5, textAttribute } from './hdf5';
import { hdf5Group } from './hdf5Tree';
import { hdf5Variables } from './hdf5Value';
import { matSeries } from './matSeries';
import { describeNwb, isNwb } from './nwb';
import { openRecording } from './recording';

/** @throws one sentence when the file is damaged or has no arrays to choose from */
export async function openHdf5File(source: FileSource): Promise<OpenFile> {
  const file = await openHdf5(source).catch((error: unknown) => {
    throw explainHdf5(error, source.name);
  });
  try {
    const { root } = file;
    const close = () => file.close();
    const explain = (error: unknown) => explainHdf5(error, source.name);
    const tree = hdf5Group(root);
    if (isNwb(tree)) return await describeNwb(source.name, tree, { close, explain });
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
      explain,
      close,
    });
  } catch (error) {
    file.close();
    throw explainHdf5(error, source.name);
  }
}

function hasAttributes(entity: H5.Entity | null): entity is H5.Group | H5.Dataset {
  return isH5Group(entity) || isDataset(entity);
}
