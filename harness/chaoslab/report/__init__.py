"""Run result -> files and console. Never computes: every number was found by verdict/."""

from chaoslab.model.result import RunResult
from chaoslab.store import RESULT, RunFolder


def write_reports(folder: RunFolder, result: RunResult) -> None:
    """Write result.json, junit.xml, summary.md and evidence.csv into the run's folder. Raises LabError when one cannot be written."""
    from chaoslab.report.evidence import evidence_csv  # noqa: PLC0415 - what only lists or plans does not pay for it
    from chaoslab.report.junit import junit_xml  # noqa: PLC0415 - the same
    from chaoslab.report.markdown import summary  # noqa: PLC0415 - the same

    folder.write_json(RESULT, result.model_dump(mode="json"))
    folder.write("junit.xml", junit_xml(result))
    folder.write("summary.md", summary(result))
    folder.write("evidence.csv", evidence_csv(result))
