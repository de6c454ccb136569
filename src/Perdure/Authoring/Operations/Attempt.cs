namespace Perdure;

/// <summary>What an operation is told about the attempt it is.</summary>
/// <param name="token">The idempotency token: the same for every attempt until one has definitely failed. At most 200 characters, safe in an HTTP header.</param>
/// <param name="number">The attempt's number, from 1.</param>
/// <param name="cancelled">Cancelled when the attempt's time is over, its visit is left or the node stops.</param>
/// <param name="progress">Gets the reported progress; null to ignore it.</param>
public sealed class Attempt(string token, int number = 1, CancellationToken cancelled = default, Action<Progress>? progress = null)
{
    /// <summary>The idempotency token to hand to the downstream.</summary>
    public string Token => token;
    /// <summary>The attempt's number, from 1, counted over all generations of the token.</summary>
    public int Number => number;
    /// <summary>Cancelled when the attempt's time is over, its visit is left or the node stops.</summary>
    public CancellationToken Cancelled => cancelled;

    /// <summary>The transaction of an operation that runs inside of one.</summary>
    internal StoreTransaction? Store { get; init; }

    /// <summary>Reports how far the attempt is; visible on the instance while it runs. Cheap, and safe from any thread.</summary>
    /// <param name="fraction">0 to 1; clamped.</param>
    /// <param name="message">For people.</param>
    public void Progress(double fraction, string message) => progress?.Invoke(new(double.IsNaN(fraction) ? 0 : Math.Clamp(fraction, 0, 1), message));
}

/// <summary>How far an attempt is.</summary>
/// <param name="Fraction">0 to 1.</param>
/// <param name="Message">For people.</param>
public sealed record Progress(double Fraction, string Message);
