namespace Perdure.Simulation.Stressing;

/// <summary>The time of a stage, virtual or real.</summary>
internal interface IPace
{
    /// <summary>Ticks since the stage began.</summary>
    long Now { get; }

    /// <summary>The clock that operations may take from their services.</summary>
    TimeProvider Clock { get; }

    /// <summary>Completes after a time.</summary>
    Task Wait(TimeSpan time, CancellationToken cancelled);

    /// <summary>Something happens after a time.</summary>
    void After(TimeSpan time, Action happens);

    /// <summary>Runs what may take long away from whoever makes the arrivals.</summary>
    void Dispatch(Action work);

    /// <summary>Called where an operation goes on after what it awaited: in virtual time no other thread may have brought it there.</summary>
    void StillHere(string operation);
}
