namespace Perdure.Kernel;

/// <summary>A signal that came before anybody awaited it.</summary>
/// <param name="Name">The signal's stable name.</param>
/// <param name="MessageId">The sender's id, unique in the instance.</param>
/// <param name="Body">What it says.</param>
public sealed record BufferedSignal(string Name, string MessageId, Payload Body);
