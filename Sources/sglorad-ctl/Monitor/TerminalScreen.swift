internal import ErrorModel
internal import Files
internal import Glibc

/// A terminal that shows one screen in place: the alternate one, so that what stood there before is back afterwards.
///
/// A drawing writes only the lines that have changed, all at once, so that nothing flickers.
final class TerminalScreen {
    /// Whether a screen can be shown: standard output is a terminal that can move its cursor.
    static var isPossible: Bool {
        let terminal = Environment["TERM"] ?? ""
        return isatty(STDOUT_FILENO) == 1 && !terminal.isEmpty && terminal != "dumb"
    }

    private let style = Style.of(descriptor: STDOUT_FILENO)
    private var shown: [String] = []
    private var shownSize: TerminalSize?
    private var keyboard: termios?
    private var isEntered = false

    /// The terminal's size; 80 × 24 if it is unknown.
    var size: TerminalSize {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return TerminalSize(columns: 80, rows: 24)
        }
        return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Shows the alternate screen, hides the cursor, and lets single keys through without showing them.
    ///
    /// - Throws: `storageFailure` if the terminal has gone.
    func enter() throws(SgloradError) {
        guard !isEntered else { return }
        isEntered = true
        shown = []
        var settings = termios()
        if tcgetattr(STDIN_FILENO, &settings) == 0 {
            keyboard = settings
            settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
            tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
        }
        // Without wrapping, the last column of the last row can be written without scrolling.
        try write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
    }

    /// Restores the terminal as it was; errors are ignored, since the terminal may have gone.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        try? write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        if var settings = keyboard { tcsetattr(STDIN_FILENO, TCSADRAIN, &settings) }
        keyboard = nil
    }

    /// Draws everything anew at the next drawing.
    func forget() { shownSize = nil }

    /// Draws lines from the first row on, and empties the rest.
    ///
    /// - Throws: `storageFailure` if the terminal has gone.
    func draw(_ lines: [ScreenLine], size: TerminalSize) throws(SgloradError) {
        // Behind a full line nothing is to be cleared: the cursor still stands on its last character.
        let rows = lines.prefix(size.rows).map {
            $0.rendered(columns: size.columns, style: style)
                + ($0.width < size.columns ? "\u{1B}[K" : "")
        }
        var text = ""
        if shownSize != size {
            text = "\u{1B}[2J"
            (shown, shownSize) = ([], size)
        }
        for row in 0..<max(rows.count, shown.count) {
            let line = row < rows.count ? rows[row] : "\u{1B}[K"
            let before = row < shown.count ? shown[row] : ""
            if line != before { text += "\u{1B}[\(row + 1);1H\(line)" }
        }
        shown = rows
        guard !text.isEmpty else { return }
        // Terminals that know it show the update as a whole; the others ignore it.
        try write("\u{1B}[?2026h\(text)\u{1B}[?2026l")
    }

    private func write(_ text: String) throws(SgloradError) {
        try FileBytes.append(Array(text.utf8), to: STDOUT_FILENO, path: "standard output")
    }
}
