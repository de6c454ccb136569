using Perdure.Kernel;

namespace Perdure.Testing;

/// <summary>Something that a body asked its visit for.</summary>
/// <param name="Kind">What it was about.</param>
/// <param name="Name">Its journal name, as the engine would give it: <c>pick-and-pack[SKU-1]</c>, <c>poll#2</c>.</param>
/// <param name="Target">The operation's, signal's or child workflow's stable name; empty otherwise.</param>
/// <param name="Input">What was handed over: an operation's or child's input, the value that was decided once, the time of a sleep, the patience for a signal.</param>
public sealed record Asked(EntryKind Kind, string Name, string Target, object? Input);

/// <summary>The test has not said what a <see cref="FakeVisit{TInput}"/> shall answer, or the body did what the engine would refuse.</summary>
public sealed class FakeVisitException(string message) : Exception(message);
