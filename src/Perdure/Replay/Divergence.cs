namespace Perdure.Replay;

/// <summary>A body broke a rule of replay. Never shown to the body: it poisons the visit out of band, so that no <c>catch</c> can hide it.</summary>
internal sealed class Divergence(string message, string code = Divergence.Diverged) : Exception(message)
{
    public const string Diverged = "replay.diverged";
    public const string NameRepeated = "replay.name-repeated";
    public const string Escaped = "replay.escaped";
    public const string Unreadable = "payload.unreadable";

    public string Code => code;

    /// <summary>The journal entry that it is about, where it is about one.</summary>
    public string? Step { get; init; }
    /// <summary>What the journal has there.</summary>
    public string? Recorded { get; init; }
    /// <summary>What the code expects there.</summary>
    public string? Expected { get; init; }

    public Failure ToFailure() => new(code, Message);
}
