namespace Perdure.Kernel;

/// <summary>What a timer is for.</summary>
public enum TimerKind
{
    /// <summary>The visit's deadline; the ordinal is the visit.</summary>
    Deadline,
    /// <summary>A step's next attempt; the ordinal is the entry's.</summary>
    Retry,
    /// <summary>A sleep's end; the ordinal is the entry's.</summary>
    Sleep,
    /// <summary>The end of the patience for a signal; the ordinal is the entry's.</summary>
    Signal,
    /// <summary>An undo's next attempt; the ordinal is the stack entry's.</summary>
    Undo,
}

/// <summary>A timer within its instance.</summary>
public readonly record struct TimerId(TimerKind Kind, int Ordinal);
