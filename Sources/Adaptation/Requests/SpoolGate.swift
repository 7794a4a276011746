internal import ErrorModel
internal import ExpertLibrary
internal import Files
internal import IntentQueue
internal import Spool
internal import SpoolForms

/// The spool's access to the queue and the library: admission of dropped files, and results to deliver.
struct SpoolGate: SpoolBackend {
    let admission: Admission
    let store: LibraryStore
    let accounts: UserAccounts

    private var queue: RequestQueue { admission.queue }

    func fileAge(changedAt time: Int) -> Int { Int(queue.time.fileAge(changedAt: Double(time))) }

    var mostPerUser: Int { min(queue.options.perUser, queue.options.capacity) }

    func account(of owner: UserID) -> UserID { accounts.account(of: owner) }

    func room(for owner: UserID) async throws(SgloradError) -> Int {
        guard try await admission.share.obstacle(for: owner) == nil else { return 0 }
        return try await queue.room(for: owner)
    }

    func hasRoom() async throws(SgloradError) -> Bool { try await queue.hasRoom() }

    func admit(_ intents: [SpooledIntent]) async throws(SgloradError) -> [SpoolAdmission] {
        var admissions = [SpoolAdmission](repeating: .deferred, count: intents.count)
        var submissions: [(place: Int, submission: Submission)] = []
        for (place, spooled) in intents.enumerated() {
            do throws(SgloradError) {
                submissions.append((place, try await submission(spooled)))
            } catch {
                guard error.blamesIntent else { throw error }
                admissions[place] = .invalid(error)
            }
        }
        guard !submissions.isEmpty else { return admissions }
        let results = try await queue.submit(submissions.map(\.submission))
        for ((place, _), result) in zip(submissions, results) {
            admissions[place] =
                switch result {
                case .success: .accepted
                case .failure(let error) where error.code == .busy: .deferred
                case .failure(let error): .invalid(error)
                }
        }
        return admissions
    }

    private func submission(_ spooled: SpooledIntent) async throws(SgloradError) -> Submission {
        let key = IdempotencyKey(spooled.digest, content: Array(spooled.digest.utf8), origin: .spool)
        var submission = try await admission.submission(
            Intent(spooled.intent), from: spooled.owner, key: key)
        submission.spoolName = spooled.name
        return submission
    }

    func owedUsers() async throws(SgloradError) -> [UserID] { try await queue.usersOwedResults() }

    func undelivered(
        for owner: UserID, after sequence: Int, limit: Int
    ) async throws(SgloradError) -> [UndeliveredResult] {
        var results: [UndeliveredResult] = []
        for pending in try await queue.pendingResults(of: owner, after: sequence, limit: limit) {
            results.append(
                UndeliveredResult(
                    sequence: pending.receipt.sequence, ended: pending.receipt.finishedAt,
                    owner: pending.request.uid,
                    name: pending.request.spoolName ?? pending.request.id + ".json",
                    result: try await result(of: pending.request)))
        }
        return results
    }

    private func result(of request: QueuedRequest) async throws(SgloradError) -> Form.SpoolResult {
        var result = Form.SpoolResult(
            state: Form.SpoolResult.State(request.state), requestId: request.id, label: request.label,
            submittedAt: JSONText.time(request.submittedAt),
            finishedAt: request.finishedAt.map(JSONText.time))
        if let failure = request.failure {
            result.failure = Form.SpoolFailure(failure)
            if failure.parameters["truncated"] == .bool(true) { result.truncated = true }
        }
        if let id = request.adapter {
            if let adapter = try await store.adapters.find(id) {
                let form = try Form.Adapter(adapter, in: store)
                result.adapter = form
                result.truncated = form.truncated
            } else {
                result.failure = Form.SpoolFailure(
                    .notFound("adapter", id, remedy: "It has been removed since. Drop the intent again."))
            }
        }
        return result
    }

    func delivered(_ results: [UndeliveredResult]) async throws(SgloradError) {
        try await queue.markDelivered(
            results.map { PendingResult.Receipt(sequence: $0.sequence, finishedAt: $0.ended) })
    }
}

extension Form.SpoolResult.State {
    fileprivate init(_ state: RequestState) {
        self =
            switch state {
            case .done: .done
            case .refused: .refused
            case .cancelled: .cancelled
            case .failed, .queued, .running: .failed
            }
    }
}

extension SgloradError {
    /// Whether the intent is at fault, rather than the daemon or the machine.
    fileprivate var blamesIntent: Bool {
        switch code {
        case .invalidIntent, .unknownBase, .invalidRequest: true
        default: false
        }
    }
}
