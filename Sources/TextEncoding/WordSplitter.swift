/// Cuts text into words as BERT's uncased tokenizer does, one character at a time and in bounded memory.
///
/// The steps, in their order: control characters are dropped, white space parts words, ideographs stand alone, canonical
/// decomposition, accents are taken away, lower case, punctuation stands alone.
struct WordSplitter {
    /// One word in UTF-8, ready for the vocabulary.
    struct Word {
        /// The bytes; not all of them when ``isTooLong``.
        var bytes: [UInt8] = []
        /// Where each character ends in ``bytes``.
        var ends: [Int] = []
        /// Whether the word has more than ``maximumLength`` characters.
        var isTooLong = false
    }

    /// A word of more characters is unknown as a whole.
    ///
    /// Source: `max_input_chars_per_word` of BERT's tokenizer.
    static let maximumLength = 100

    private var word = Word()
    /// Combining characters that are kept and wait to be put in their canonical order.
    private var run: [(scalar: Unicode.Scalar, combiningClass: UInt8)] = []

    /// Takes the next character.
    ///
    /// - Parameter emit: called with every word that the character completes.
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

    /// Completes the word that has begun, if any.
    mutating func finish(_ emit: (Word) -> Void) {
        flushRun(emit)
        emitWord(emit)
    }

    private mutating func decompose(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        switch CanonicalBases.decompose(scalar) {
        case .itself: order(scalar, emit)
        case .bases(let bases): for base in bases { order(base, emit) }
        case .nothing(let partsRun): if partsRun { flushRun(emit) }
        }
    }

    /// Lets starters pass and holds combining characters back until the run of them ends.
    private mutating func order(_ scalar: Unicode.Scalar, _ emit: (Word) -> Void) {
        let combiningClass = UnicodeClasses.combiningClass(scalar)
        if combiningClass == 0 { flushRun(emit) }
        if UnicodeClasses.isAccent(scalar) { return }
        if combiningClass == 0 {
            append(scalar, emit)
        } else if run.count <= Self.maximumLength {
            run.append((scalar, combiningClass))
        } else {
            // No combining character ends a word, so that this one is too long whatever the order.
            word.isTooLong = true
        }
    }

    private mutating func flushRun(_ emit: (Word) -> Void) {
        guard !run.isEmpty else { return }
        // `sort` keeps the order of equals, as canonical ordering wants it.
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
