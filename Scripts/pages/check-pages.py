#!/usr/bin/env python3
"""Opens HTML pages in a real browser, as a desktop's and a phone's display, light and dark, and checks each.

    check-pages.py [--screenshots FOLDER] PAGE…

No console message, no request but for the page itself, nothing wider than the display at 360 pixels, contrast of every text of at
least 4.5, captions, headings and names for screen readers (check.js), and a print of each page. Exits with 1 if anything is wrong.
"""
import argparse
import base64
import pathlib
import sys

from browser import Browser

DISPLAYS = {"desktop": (1280, 860, False), "phone": (360, 740, True)}


def complaints(events, address):
    """What the events of a load say against the page."""
    for event in events:
        kind, data = event.get("method"), event.get("params", {})
        if kind == "Network.requestWillBeSent" and data["request"]["url"] != address:
            yield f"it asks for {data['request']['url']}"
        elif kind == "Runtime.consoleAPICalled":
            yield f"console: {data['args']}"
        elif kind == "Runtime.exceptionThrown":
            yield f"exception: {data['exceptionDetails'].get('text')}"
        elif kind == "Log.entryAdded" and data["entry"]["level"] in ("error", "warning"):
            yield f"{data['entry']['level']}: {data['entry']['text']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("pages", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    script = (pathlib.Path(__file__).parent / "check.js").read_text()
    failed = 0
    with Browser() as browser:
        for page in options.pages:
            address = page.resolve().as_uri()
            for display, (width, height, phone) in DISPLAYS.items():
                for dark in (False, True):
                    scheme = "dark" if dark else "light"
                    events = browser.open(address, width, height, dark, phone)
                    found = browser.evaluate(script)
                    problems = list(complaints(events + browser.events, address)) + found["problems"]
                    if found["dark"] != dark:
                        problems.append(f"the display is not {scheme}")
                    paper = [int(c) for c in found["paper"].strip("rgba()").split(",")[:3]]
                    if (sum(paper) < 3 * 128) != dark:
                        problems.append(f"the paper {paper} is not {scheme}")
                    print(f"{page.name}, {display}, {scheme}: {found['tables']} tables, {found['drawings']} drawings, "
                          f"{found['width']} pixels wide, contrast at least {found['least']}")
                    for problem in problems:
                        print(f"    {problem}")
                    failed += len(problems)
                    if options.screenshots:
                        tall = min(browser.evaluate("document.documentElement.scrollHeight"), 2 * height)
                        shot = browser.call(
                            "Page.captureScreenshot", format="png", captureBeyondViewport=True,
                            clip={"x": 0, "y": 0, "width": width, "height": tall, "scale": 1 if not phone else 0.6})
                        options.screenshots.mkdir(parents=True, exist_ok=True)
                        (options.screenshots / f"{page.stem}-{display}-{scheme}.png").write_bytes(
                            base64.b64decode(shot["data"]))
            print(f"{page.name}, paper: {len(browser.call('Page.printToPDF', printBackground=True)['data']) * 3 // 4:,} bytes of PDF")
    print(f"pages: {'every check holds' if not failed else f'{failed} problems'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
