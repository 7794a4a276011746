import ControlProtocol

/// Shows how far a long call has come, on standard error: on a terminal in place, otherwise, where that is wanted, as a
/// line for every tenth.
struct Progress {
    /// What is shown where standard error is not a terminal.
    enum Otherwise {
        case nothing
        case everyTenth
    }

    private let isTerminal: Bool
    private let otherwise: Otherwise
    private let write: (String) -> Void
    private var lastTenth = -1
    private var isShown = false

    /// Makes a progress line; the parameters after the first are for tests.
    init(
        otherwise: Otherwise, isTerminal: Bool = StandardError.isTerminal,
        write: @escaping (String) -> Void = StandardError.write
    ) {
        self.otherwise = otherwise
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Shows a line; `fraction`, from 0 to 1, says whether another tenth is reached.
    mutating func show(_ line: String, fraction: Double) {
        let line = SafeText(line).description
        if isTerminal {
            // Back to the line's start, and clear what was longer before.
            write("\r\(line)\u{1B}[K")
            isShown = true
        } else if otherwise == .everyTenth {
            let tenth = fraction.isFinite ? Int((min(1, max(0, fraction)) * 10).rounded(.down)) : 0
            guard tenth > lastTenth else { return }
            lastTenth = tenth
            write("\(line)\n")
        }
    }

    /// Clears the line, so that what follows begins at the line's start.
    mutating func clear() {
        guard isShown else { return }
        write("\r\u{1B}[K")
        isShown = false
    }
}

extension Progress {
    /// `training [#####.....]  50 %, step 300 of 600, loss 0.4312, 12 s left`; the bar gives way where the terminal is narrow.
    static func line(_ progress: Wire.TrainingProgress, columns: Int) -> String {
        var figures = "step \(progress.step) of \(progress.total)"
        if let loss = progress.loss { figures += ", loss \(Format.significant(loss))" }
        if let seconds = progress.secondsLeft { figures += ", \(Format.duration(seconds)) left" }
        guard progress.total > 0 else { return progress.stage }
        return line(
            progress.stage, fraction: Double(progress.step) / Double(progress.total), figures: figures,
            columns: columns)
    }

    /// `evaluating [#####.....]  50 %, 6000 of 12000 texts, 40 s left`; the bar gives way where the terminal is narrow.
    static func line(_ progress: Wire.EvaluationProgress, columns: Int) -> String {
        guard progress.total > 0 else { return progress.stage }
        let unit = progress.stage == "training" ? "steps" : "texts"
        var figures = "\(progress.done) of \(progress.total) \(unit)"
        if let seconds = progress.secondsLeft { figures += ", \(Format.duration(seconds)) left" }
        return line(
            progress.stage, fraction: Double(progress.done) / Double(progress.total), figures: figures,
            columns: columns)
    }

    /// A line with a word before the bar and figures behind it, no wider than the terminal where that can be.
    static func line(_ word: String, fraction: Double, figures: String, columns: Int) -> String {
        let share = fraction.isFinite ? min(1, max(0, fraction)) : 0
        let percentage = String(Int(share * 100))
        let percent = String(repeating: " ", count: 3 - percentage.count) + percentage + " %"
        let width = 20
        guard SafeText("\(word) [] \(percent), \(figures)").width + width < columns else {
            return "\(word) \(percent), \(figures)"
        }
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "\(word) [\(bar)] \(percent), \(figures)"
    }
}
