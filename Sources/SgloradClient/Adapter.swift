public import FoundationEssentials
internal import SgloradInterface

extension SgloradClient {
    /// A published adapter: an ordinary PEFT folder.
    public struct Adapter: Sendable, Hashable, Identifiable {
        /// Its identifier.
        public let id: String
        /// The base model it is for.
        public let base: String
        /// The SHA-256 of its `adapter_model.safetensors`.
        public let digest: String
        /// Its files.
        public let files: [File]
        /// The size of all its files together.
        public let bytes: Int
        /// The absolute path of its folder, which only the daemon may be allowed to read.
        ///
        /// ``SgloradClient/export(_:to:)`` writes the files where the application may.
        public let folder: String
        /// The label of its request.
        public let label: String?
        /// When it was published.
        public let createdAt: Date
        /// Whether the intent was longer than the text encoder reads, and was cut.
        public let isTruncated: Bool
        /// Whether it is never evicted.
        public let isPinned: Bool
        /// The name under which it is published to model servers; nil if it is not.
        public let publishedAs: String?
        /// How it was made.
        public let provenance: Provenance

        /// The experts that guided it, nearest first.
        public var guidance: [GuidingExpert] { provenance.experts }
        /// The seed: the same library, intent, options and seed give the same bytes.
        public var seed: Int { provenance.seed }
    }

    /// A file of an adapter.
    public struct File: Sendable, Hashable {
        /// Its name in the adapter's folder.
        public let name: String
        /// Its size.
        public let bytes: Int
        /// Its SHA-256 in lower-case hexadecimal.
        public let digest: String
    }

    /// An expert that guided an adapter.
    public struct GuidingExpert: Sendable, Hashable {
        /// The expert's name.
        public let name: String
        /// The expert's digest when the adapter was made.
        public let digest: String
        /// Its proximity to the intent, -1 to 1, by the measure that the provenance names.
        public let proximity: Double
        /// Its share in the semantic prior, 0 to 1; the shares sum to 1.
        public let weight: Double
    }

    /// How an adapter was made: the same inputs, seed, version and kernel give the same bytes.
    public struct Provenance: Sendable, Hashable {
        /// The strategy that was used.
        public let strategy: Strategy
        /// Why it was chosen, if the intent left that to the daemon.
        public let choice: String?
        /// The base model.
        public let base: String
        /// The experts that guided, nearest first.
        public let experts: [GuidingExpert]
        /// How many experts were to guide.
        public let topK: Int
        /// The temperature of the softmax over proximities.
        public let temperature: Double
        /// The measure of proximity.
        public let proximity: ProximityMeasure
        /// The plain cosine of the nearest expert.
        public let nearestProximity: Double
        /// The plain cosine below which an intent is refused.
        public let threshold: Double
        /// The seed of all random numbers.
        public let seed: Int
        /// The ID of the generator, for the strategies that have one.
        public let generator: String?
        /// Layer by layer, which experts of its pool the generator mixed; empty unless the strategy is lora-gen.
        public let routing: [RoutedLayer]
        /// The digest of the library.
        public let library: String
        /// The digest of the text encoder.
        public let encoder: String
        /// The processor kernels of the linear algebra library and of the text encoder.
        public let kernel: String
        /// The version of sglorad.
        public let version: String
        /// What the intent's examples did; nil if it had neither examples nor labels.
        public let examples: UsedExamples?
        /// How the base model's experts were asked, if that is known; ask the adapter in the same form.
        public let prompt: PromptForm?
        /// What a user of the adapter should know, in words.
        public let warnings: [String]
    }

    /// One layer of an adapter that lora-gen mixed from its generator's pool.
    public struct RoutedLayer: Sendable, Hashable {
        /// An expert of the pool.
        public struct Expert: Sendable, Hashable {
            /// Its number in the pool, from 0.
            public let expert: Int
            /// Its share, 0 to 1; those of a layer sum to 1.
            public let gate: Double
        }

        /// The layer's number in the base model.
        public let layer: String
        /// The experts that were mixed, that with the larger gate first.
        public let experts: [Expert]
    }

    /// What an intent's examples did for an adapter, in counts alone.
    public struct UsedExamples: Sendable, Hashable {
        /// How many examples the intent had.
        public let examples: Int
        /// How many of them had answers.
        public let answered: Int
        /// How many answers can occur: the labels and the examples' answers, each once.
        public let labels: Int
        /// How many steps of the refinement were computed; nil if the adapter was not refined.
        public let steps: Int?
        /// After how many steps the loss on the answered examples was lowest, which is the adapter that was kept; nil if it was
        /// not refined.
        public let kept: Int?
        /// Whether the refinement ended because its time was over; on a faster machine the adapter would differ.
        public let isOutOfTime: Bool
    }

    /// The form of a language model's prompts and answers.
    public struct PromptForm: Sendable, Hashable {
        /// The prompt, with `{labels}` and `{text}` once each.
        public let prompt: String
        /// The whole answer, with `{answer}` once.
        public let answer: String
    }
}

extension SgloradClient.Adapter {
    init(_ wire: Wire.Adapter) throws {
        self.init(
            id: wire.adapterId, base: wire.base, digest: wire.digest,
            files: wire.files.map { .init(name: $0.name, bytes: $0.bytes, digest: $0.digest) },
            bytes: wire.bytes, folder: wire.path, label: wire.label,
            createdAt: try Date(wire: wire.createdAt), isTruncated: wire.truncated ?? false,
            isPinned: wire.pinned ?? false, publishedAs: wire.published, provenance: .init(wire.provenance))
    }
}

extension SgloradClient.Provenance {
    fileprivate init(_ wire: Wire.Provenance) {
        self.init(
            strategy: .init(rawValue: wire.strategy), choice: wire.choice, base: wire.base,
            experts: wire.experts.map {
                .init(name: $0.expert, digest: $0.digest, proximity: $0.proximity, weight: $0.weight)
            },
            topK: wire.topK, temperature: wire.temperature, proximity: .init(rawValue: wire.proximity),
            nearestProximity: wire.nearestProximity, threshold: wire.threshold, seed: wire.seed,
            generator: wire.generator,
            routing: (wire.routing ?? []).map { layer in
                .init(
                    layer: layer.layer,
                    experts: layer.experts.map { .init(expert: $0.expert, gate: $0.gate) })
            },
            library: wire.library, encoder: wire.encoder, kernel: wire.kernel, version: wire.version,
            examples: wire.examples.map {
                .init(
                    examples: $0.examples, answered: $0.answered, labels: $0.labels, steps: $0.steps,
                    kept: $0.kept, isOutOfTime: $0.outOfTime ?? false)
            },
            prompt: wire.prompt.map { .init(prompt: $0.prompt, answer: $0.answer) },
            warnings: wire.warnings ?? [])
    }
}

extension Date {
    /// The time that the daemon wrote as RFC 3339.
    init(wire text: String) throws {
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw SgloradClient.Failure.unexpected
        }
        self = date
    }
}
