/// Splits text into words as BERT's uncased tokenizer does, one character at a time and in bounded memory.
///
/// The steps, in order: control characters are dropped; white space separates words; ideographs are words of
/// their own; canonical decomposition; accents are removed; lower case; punctuation marks are words of their
/// own. Source: `BertNormalizer` and `BertPreTokenizer` in Hugging Face `tokenizers`.
struct WordSplitter {
    /// A word in UTF-8, ready for the vocabulary.
    struct Word {
        /// The bytes; incomplete if ``isTooLong``.
        var bytes: [UInt8] = []
        /// The end of each character in ``bytes``.
        var ends: [Int] = []
        var isTooLong = false
    }

    /// The most characters of a word; a longer word becomes the unknown token.
    ///
    /// Source: `max_input_chars_per_word` of BERT's tokenizer.
    static let maximumLength = 100

    private var word = Word()
    /// Combining characters that wait to be put in canonical order.
    private var run: [(scalar: Unicode.Scalar, combiningClass: UInt8)] = []

    /// Processes the next character.
    ///
    /// - Parameter emit: called with each word that the character completes.
    mutating func push(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        if UnicodeClasses.isDropped(scalar) { return }
        if UnicodeClasses.isSpace(scalar) {
            finish(emit)
        } else if UnicodeClasses.isIdeograph(scalar) {
            finish(emit)
            decompose(scalar, emit)
            finish(emit)
        } else {
            decompose(scalar, emit)
        }
    }

    /// Completes the word in progress, if any.
    mutating func finish(_ emit: (Word) -> Void) {
        flushRun(emit)
        emitWord(emit)
    }

    private mutating func decompose(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        switch CanonicalBases.decompose(scalar) {
        case .itself: order(scalar, emit)
        case .bases(let bases): for base in bases { order(base, emit) }
        case .nothing(let interruptsRun): if interruptsRun { flushRun(emit) }
        }
    }

    /// Passes starters on and holds combining characters back until the run of them ends.
    private mutating func order(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        let combiningClass = UnicodeClasses.combiningClass(scalar)
        if combiningClass == 0 { flushRun(emit) }
        if UnicodeClasses.isAccent(scalar) { return }
        if combiningClass == 0 {
            append(scalar, emit)
        } else if run.count <= Self.maximumLength {
            run.append((scalar, combiningClass))
        } else {
            // Combining characters never end a word, so this word is too long in whatever order.
            word.isTooLong = true
        }
    }

    private mutating func flushRun(_ emit: (Word) -> Void) {
        guard !run.isEmpty else { return }
        // `sort` is stable, as canonical ordering requires.
        run.sort { $0.combiningClass < $1.combiningClass }
        let ordered = run
        run.removeAll(keepingCapacity: true)
        for entry in ordered { append(entry.scalar, emit) }
    }

    private mutating func append(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        if scalar.isASCII || !scalar.properties.changesWhenLowercased {
            let isCapital = (0x41...0x5A).contains(scalar.value)
            appendLower(isCapital ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar, emit)
        } else {
            for lower in scalar.properties.lowercaseMapping.unicodeScalars { appendLower(lower, emit) }
        }
    }

    private mutating func appendLower(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        if UnicodeClasses.isPunctuation(scalar) {
            emitWord(emit)
            store(scalar)
            emitWord(emit)
        } else {
            store(scalar)
        }
    }

    private mutating func store(_ scalar: Unicode.Scalar) {
        guard word.ends.count < Self.maximumLength else {
            word.isTooLong = true
            return
        }
        if let units = UTF8.encode(scalar) { word.bytes.append(contentsOf: units) }
        word.ends.append(word.bytes.count)
    }

    private mutating func emitWord(_ emit: (Word) -> Void) {
        guard !word.ends.isEmpty || word.isTooLong else { return }
        emit(word)
        word.bytes.removeAll(keepingCapacity: true)
        word.ends.removeAll(keepingCapacity: true)
        word.isTooLong = false
    }
}
