using Perdure.Kernel;

namespace Perdure.Replay;

/// <summary>A body broke a rule of replay. Never shown to the body: it poisons the visit out of band, so that no <c>catch</c> can hide it.</summary>
internal sealed class Divergence(string message, string code = Divergence.Diverged) : Exception(message)
{
    public const string Diverged = "replay.diverged";
    public const string NameRepeated = "replay.name-repeated";
    public const string Escaped = "replay.escaped";
    public const string Unreadable = FailureCode.PayloadUnreadable;

    /// <summary>What is said of a body that went on outside of its lane.</summary>
    public static string OfEscaped(string what) =>
        $"{what} outside of the engine: the body awaited something that is not of its visit, or one task of its visit at two places at once, of which .NET lets only one go on inside. Bodies await only what their visit gives, each task of it at one place.";

    public string Code => code;

    /// <summary>The journal entry that it is about, where it is about one.</summary>
    public string? Step { get; init; }
    /// <summary>What the journal has there.</summary>
    public string? Recorded { get; init; }
    /// <summary>What the code expects there.</summary>
    public string? Expected { get; init; }

    public Failure ToFailure() => new(code, Message);
}
