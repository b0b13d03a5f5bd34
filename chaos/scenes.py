"""What the smaller trials share: a campaign under way on a stage, and the comparison after it."""

import time

from chaos.stage import Stage, say


def under_way(stage: Stage, people: int, *, site: int = 1):
    """A crowd of so many, the site and the workers started, and its campaign launched."""
    from chaos import audience

    audience.make_card()
    crowd = audience.make_crowd(site, people)
    if stage.cluster:
        stage.cluster.checkpoint()
    stage.start_site()
    stage.start_sending()
    audience.launch(crowd)
    return crowd


def wait_for(progress, point: float, *, seconds: float = 120) -> bool:
    """Until so much of the campaign is begun. False if it does not get there in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if progress() >= point:
            return True
        time.sleep(0.05)
    return False


def concluded(stage: Stage, crowds: list, watch, *, seed: int, seconds: float = 600) -> dict:
    """The figures of the comparison once nothing moves any more."""
    from chaos import judging, quiet

    calm = quiet.wait(stage, crowds, seconds=seconds, uncertain=watch.uncertain)
    say(f"At rest {calm.seconds:.0f} s later. The gateway: {stage.gateway()}")
    verdict = judging.judge(stage, crowds)
    judging.explain(verdict, seed=seed)
    return judging.report(verdict, calm, crowds)


def fixed(stage: Stage, crowds: list, *, seed: int, began: float) -> dict:
    """What every line of JSON ends with."""
    return {
        "recipients": sum(crowd.campaign.recipients for crowd in crowds),
        "seconds": round(time.monotonic() - began, 1),
        "broker": stage.broker.kind,
        "database": stage.database,
        "seed": seed,
    }
