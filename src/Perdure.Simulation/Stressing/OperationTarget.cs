using System.Globalization;
using Perdure.Kernel;
using Perdure.Replay;
using Perdure.Runtime;

namespace Perdure.Simulation.Stressing;

/// <summary>Runs an operation for each arrival, as a node would run one attempt of it: under a token of its own, in a DI scope of its own, and until its timeout.</summary>
internal sealed class OperationTarget(Stage stage, IPace pace, IOperations operations, CarriedStep step, PayloadCodec codec, string tokens) : ITarget
{
    private readonly Lock _line = new();
    private readonly Queue<Call> _timeouts = new();
    private bool _timed;

    public void Begin(Arrival arrival)
    {
        var call = new Call(arrival, pace.Now + step.Handle.Timeout.Ticks);
        if (step.Handle.Timeout < TimeSpan.FromDays(1_000)) Watch(call);
        pace.Dispatch(() => _ = Run(call));
    }

    private async Task Run(Call call)
    {
        string? code = null;
        try
        {
            var input = new Payload(codec.ShapeOf(step.Handle.InputType).Name, codec.ShapeOf(step.Handle.InputType).Fingerprint, call.Arrival.Input);
            await operations.Run(step, codec, input, new(string.Create(CultureInfo.InvariantCulture, $"{tokens}-{call.Arrival.Number}"), 1, call.Cancel.Token)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            code = Failures.OfAttempt(e).Code;
        }
        End(call, code);
    }

    private void End(Call call, string? code)
    {
        if (Interlocked.Exchange(ref call.Over, true)) return;
        stage.Told(step.Handle.Name, code);
        stage.Ended(call.Arrival, failure: code is not null);
    }

    // All have the same time, so that they time out in the order in which they began, and one timer is enough.
    private void Watch(Call call)
    {
        lock (_line)
        {
            while (_timeouts.TryPeek(out var first) && Volatile.Read(ref first.Over)) _timeouts.Dequeue();
            _timeouts.Enqueue(call);
            if (_timed) return;
            _timed = true;
        }
        pace.After(step.Handle.Timeout, TimeOut);
    }

    private void TimeOut()
    {
        List<Call> late = [];
        Call? next;
        lock (_line)
        {
            while (_timeouts.TryPeek(out next) && (Volatile.Read(ref next.Over) || next.TimesOutAt <= pace.Now)) late.Add(_timeouts.Dequeue());
            _timed = next is not null;
        }
        foreach (var call in late.Where(call => !Volatile.Read(ref call.Over)))
        {
            End(call, StressedOperations.StepTimeout);
            call.Cancel.Cancel();
        }
        if (next is not null) pace.After(new(next.TimesOutAt - pace.Now), TimeOut);
    }

    private sealed class Call(Arrival arrival, long timesOutAt)
    {
        public Arrival Arrival => arrival;
        public long TimesOutAt => timesOutAt;
        public CancellationTokenSource Cancel { get; } = new();
        public bool Over;
    }
}
