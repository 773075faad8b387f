import Registry

/// What a registry offers, and what its channels point to.
extension RegistrySession {
    /// Points a channel to a version, for a reason that stays in its history.
    /// - Parameters:
    ///   - version: `model@version`.
    ///   - expected: where the caller believes the channel points, `nothing` where it should not exist yet; nil moves it
    ///     from wherever it is.
    /// - Returns: the move, or the last one where the channel pointed there already.
    /// - Throws: `RegistryError`; `AnswersError.badRequest` for what is no version.
    public func promote(
        _ version: String,
        to channel: String,
        expecting expected: String?,
        because reason: MoveReason
    ) throws -> ChannelMove {
        let reference = try BuildReference(version)
        guard case .version(let target) = reference.selector, reference.type == nil else {
            throw AnswersError.badRequest("'\(version)' is not a model version. Write model@1.2.3.")
        }
        try registry.setChannel(
            channel,
            of: reference.model,
            to: target,
            expecting: try expected.flatMap { $0 == "nothing" ? nil : try ModelVersion(parsing: $0) },
            isNew: expected == "nothing",
            because: reason
        )
        let moves = try registry.channelHistory(of: reference.model)
        guard let move = moves.last(where: { $0.channel == channel }) else {
            preconditionFailure("a channel that points somewhere was moved there")
        }
        return move
    }

    /// Every move of a model's channels, oldest first.
    /// - Throws: `NothingFits` for an unknown model; `RegistryError`.
    public func history(of model: String) throws -> [ChannelMove] {
        try NothingFits.unless(registry, knowsModel: model)
        return try registry.channelHistory(of: model)
    }

    /// Withdraws builds from what a registry offers.
    /// - Parameters:
    ///   - name: `model@version[:type]`.
    ///   - applies: whether it is done, not only said; the session must be one that may change its registry either way.
    /// - Throws: `RegistryError`; `AnswersError.badRequest` for a name without a version.
    public func delete(_ name: String, because reason: MoveReason, applies: Bool) throws -> WithdrawalReport {
        let reference = try BuildReference(name)
        guard case .version(let version) = reference.selector else {
            throw AnswersError.badRequest("'\(name)' names no version. Write model@1.2.3 or model@1.2.3:type.")
        }
        return try registry.withdraw(
            version,
            of: reference.model,
            type: reference.type,
            because: reason,
            dryRun: !applies
        )
    }

    /// Removes files that killed processes left in a registry and nothing published needs.
    /// - Parameters:
    ///   - age: leave alone what is younger, in seconds: another process may be at it.
    ///   - removes: whether they are removed, not only named.
    /// - Throws: `RegistryError`, `FileError`.
    public func collectLeftovers(olderThan age: Double, removes: Bool) throws -> [VerificationReport.Leftover] {
        try registry.collectLeftovers(olderThan: age, dryRun: !removes)
    }
}
