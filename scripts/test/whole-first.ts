import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Tests of the whole product begin first, then those of a package with its surroundings, then the small ones beside
 * the code: the long ones are among the former, and one that began last would keep one core busy and the others idle.
 */
export default class WholeFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId, project }: TestSpecification) =>
      rankOf(relative(project.config.root, moduleId));
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

/** @param path of a test file, from the repository's root. @returns 0 for those to begin with, 2 for the last. */
export function rankOf(path: string): 0 | 1 | 2 {
  const folders = path.split(/[\\/]/).slice(0, -1);
  if (folders[0] === 'test') return 0;
  return folders.includes('test') ? 1 : 2;
}
