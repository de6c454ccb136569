using System.Diagnostics;

namespace Perdure.Simulation.Stressing;

/// <summary>Real time.</summary>
internal sealed class RealPace : IPace
{
    private long _begun = Stopwatch.GetTimestamp();

    public TimeProvider Clock => TimeProvider.System;

    public long Now => Stopwatch.GetElapsedTime(_begun).Ticks;

    /// <summary>The stage begins now.</summary>
    public void Begin() => _begun = Stopwatch.GetTimestamp();

    public Task Wait(TimeSpan time, CancellationToken cancelled) => Task.Delay(time, Clock, cancelled);

    public void After(TimeSpan time, Action happens) =>
        Task.Delay(time, Clock).ContinueWith(_ => happens(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public void Dispatch(Action work) => ThreadPool.UnsafeQueueUserWorkItem(static work => work(), work, preferLocal: false);

    public void StillHere(string operation) { }
}
