using System.Collections.Immutable;

namespace Perdure.Kernel;

/// <summary>A record of the log: what one turn of an instance gave, written as one row.</summary>
/// <param name="Instance">Whose.</param>
/// <param name="Version">Its number in the instance's log, from 1, gap-free.</param>
/// <param name="At">When, in whole milliseconds, by the clock of the owner.</param>
/// <param name="Events">What happened, in order.</param>
public sealed record Record(InstanceId Instance, long Version, DateTimeOffset At, ImmutableArray<Event> Events);
