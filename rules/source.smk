# Location of the workflow's files (beside this file, or unpacked if another workflow imports it from git), and choice
# of the study.

import os
import signal
import sys
import tarfile
import tempfile
from pathlib import Path

from snakemake.sourcecache import HostingProviderFile, LocalSourceFile


def clone_of(source):
    """The repository that Snakemake reads `source` from: a local one, or its own clone of a hosted one."""
    if isinstance(source, HostingProviderFile):
        source.fetch_if_required()
        return source.hosted_repo.repo
    import git  # fails where there is no git, which only a workflow imported from a repository needs

    return git.Repo(source.repo_path)


def unpacked(source):
    """The folder with the workflow's files at the ref of `source`.

    Snakemake copies the files of a repository one by one, when a rule names them, as text. A package and a checkpoint
    need all their files, byte by byte; so all are unpacked from the clone at once, and every path below is local.
    """
    clone = clone_of(source)
    commit = clone.commit(source.ref).hexsha
    folder = Path.cwd() / ".snakemake" / "keepfaith" / commit
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        archive = Path(temporary) / "archive.tar"
        with archive.open("wb") as stream:
            clone.archive(stream, commit, path=["rules", "scripts", "config", "envs"])
        with tarfile.open(archive) as packed:
            packed.extractall(Path(temporary) / "files", filter="data")
        try:
            os.rename(Path(temporary) / "files", folder)
        except OSError:  # a job that started at the same time was faster
            if not folder.is_dir():
                raise
    return folder


def own_files():
    """The folder that holds rules/, scripts/, config/ and envs/."""
    rules = workflow.current_basedir
    if isinstance(rules, LocalSourceFile):
        return Path(rules.get_path_or_uri(secret_free=True)).parent
    return unpacked(rules)


def stop(message):
    """End with one line, instead of a traceback."""
    sys.exit(f"keepfaith: {message}")


# A shell has interrupts ignored by what a script starts with `&`: until the jobs start (onstart), a run would miss them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SOURCE = own_files()
SCRIPTS = SOURCE / "scripts"
sys.path.insert(0, str(SCRIPTS))

from keepfaith.config.places import folder_problem, input_problem, interpreter_problem


def refuse_paths_that_break():
    """End with one line if a path would make every job fail."""
    for problem in (
        interpreter_problem(sys.executable),
        folder_problem("workflow", SOURCE),
        folder_problem("working folder", Path.cwd()),
    ):
        if problem:
            stop(problem)


refuse_paths_that_break()

OWN_CONFIG = "config/config.yaml"


def study_file():
    """The configuration that is read before the command line's; None where --configfile names the whole study.

    A new working folder (--directory) without a configuration uses the one that ships.
    """
    if not workflow.modifier.is_main_snakefile():
        return OWN_CONFIG  # unless the importing workflow sets `config:`
    if workflow.overwrite_configfiles:
        return None
    return OWN_CONFIG if Path(OWN_CONFIG).is_file() else str(SOURCE / OWN_CONFIG)
