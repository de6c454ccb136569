using Perdure.Ports;
using Perdure.Simulation.Chance;
using Perdure.Simulation.Refining;
using Perdure.Simulation.Time;

namespace Perdure.Simulation.Nodes;

/// <summary>
/// The machine under a node: its lanes and its pool are entries of the world's queue. Everything of a node runs on the one thread of the world, in an order that the seed decides.
/// </summary>
internal sealed class SimulatedShell(Schedule schedule, Streams chance, IActor actor, NodeClock clock, CalmRun? calm = null) : INodeShell
{
    /// <summary>The longest that a woken thread takes to run, in ticks: 200 µs.</summary>
    private const int WakesWithin = 2_000;

    public TimeProvider Time => clock;

    public void Dispatch(IThreadPoolWorkItem work)
    {
        Action execute = work.Execute;
        if (!Elsewhere(execute)) schedule.After(chance.Schedule.Below(WakesWithin), actor, "work", execute);
    }

    // A continuation of user code on another thread: the world's own takes it up, so that what escaped is named and nothing is torn.
    private bool Elsewhere(Action again) => schedule.Elsewhere(again);

    public double Share() => calm?.Share() ?? chance.Ids.Share();

    public void Fill(Span<byte> bytes)
    {
        if (calm?.Id() is not { } given || !given.TryWriteBytes(bytes)) chance.Ids.Fill(bytes);
    }

    public ILaneLoop StartLane(string name, ILanePump pump) => new Loop(this, name, pump);

    private sealed class Loop : ILaneLoop
    {
        private readonly SimulatedShell _shell;
        private readonly string _name;
        private readonly ILanePump _pump;
        private readonly Action _wake, _run;
        private bool _woken, _stopped;
        private int _round;

        public Loop(SimulatedShell shell, string name, ILanePump pump)
        {
            (_shell, _name, _pump) = (shell, name, pump);
            (_wake, _run) = (Wake, Pump);
            Wake();
        }

        public void Wake()
        {
            if (_shell.Elsewhere(_wake) || _woken || _stopped) return;
            _woken = true;
            _shell.Schedule(_shell.Soon(), _name, _run);
        }

        private void Pump()
        {
            _woken = false;
            if (_stopped) return;
            var round = ++_round;
            var wait = _pump.Pump();
            if (_pump.HasWork) Wake();
            else
                _shell.Schedule(_shell.After(wait), _name, () =>
                {
                    if (round == _round && !_woken) Pump();
                });
        }

        public Task Stop()
        {
            _stopped = true;
            return Task.CompletedTask;
        }
    }

    private long Soon() => schedule.Now + chance.Schedule.Below(WakesWithin);

    private long After(TimeSpan wait) => clock.After(wait);

    private void Schedule(long at, string what, Action happens) => schedule.At(at, actor, what, happens);
}
