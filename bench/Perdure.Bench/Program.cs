using System.Globalization;
using Perdure.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var bench = args.FirstOrDefault() ?? "";
var options = Options.Parse(args.Skip(1));
Marks.On = options.Text("Marks", "false") == "true";
await using var server = await BenchServer.For(bench, options);
switch (bench)
{
    case "store":
        await StoreBench.Run(options);
        break;
    case "postgres":
        await PostgresBench.Run(options);
        break;
    case "raw":
        RawBench.Run(options);
        break;
    case "raw-postgres":
        RawPostgresBench.Run(options);
        break;
    case "check":
        await CheckBench.Run(options);
        break;
    case "nodes":
        await NodesBench.Run(options);
        break;
    case "growth":
        await GrowthBench.Run(options);
        break;
    case "retention":
        await RetentionBench.Run(options);
        break;
    case "first":
        await GrowthBench.First(options);
        break;
    case "idle":
        await GrowthBench.Wait(options);
        break;
    case "recover":
        await RecoveryBench.Run(options);
        break;
    case "recover-node":
        await RecoveryBench.Node(options);
        break;
    case "fsync":
        FsyncBench.Run(options);
        break;
    case "engine":
        await EngineBench.Throughput(options);
        break;
    case "latency":
        await EngineBench.Latency(options);
        break;
    case "all":
        await EngineBench.Latency(options);      // before the volume has the others' pages to write
        RawBench.Run(options);
        await EngineBench.Throughput(options);
        RawBench.Run(options);                  // before and after: the machine's speed changes from minute to minute
        await StoreBench.Run(options);
        RawBench.Ratios(options);
        break;
    case "simulation":
        SimulationBench.Run(options);
        break;
    case "flat":
        await FlatBench.Run(options);
        break;
    case "startup":
        await StartupBench.Run(options);
        break;
    case "open":
        await StartupBench.Open(options);
        break;
    case "waiting":
        await WaitingBench.Run(options);
        break;
    default:
        Console.WriteLine("""
            bench/run COMMAND [--Name=value]…

              all      latency, raw, store and engine in one run, and their ratios
              engine   5-step workflows by the whole engine                      --Seconds=10 --InFlight=1000 --Workflow=five-steps|five-inside
              latency  one 5-step workflow at a time, fdatasync between          --Workflows=1000
              store    5-step workflows written by the SQLite store alone        --Seconds=10 --InFlight=1000 --Batch=1000
              postgres the PostgreSQL store alone, beside binary COPY            --Writers=2 --Lanes=12 --InFlight=1000 --Seconds=10 --Rounds=1
              raw      rows of 300 bytes in transactions of 500, same pragmas    --Seconds=5
              raw-postgres  rows of 300 bytes by binary COPY, two connections    --Seconds=5
              check    whether workflows run their steps and are read again      --Workflows=20
              nodes    the engine on 1, 2 and 3 processes over one PostgreSQL    --Nodes=3 --Runs=3
              growth   a full PostgreSQL store against an empty one, and idling  --Finished=10000000 --Waiting=1000000 --Runs=3
              recover  a killed node's instances at another one                  --InFlight=100000 --Runs=3
              retention  5-step workflows while finished ones are removed        --Finished=10000000 --Waiting=1000000 --Runs=3 --Seconds=10
              fsync    the median fdatasync of a 4 KB append                     --Count=500
              simulation  order fulfillment on three simulated nodes             --Seconds=10 --Orders=200 --Seed=1
              flat     long visits, long lives, and recovery after them          --Steps=10000
              startup  a node that starts where many instances sleep             --Instances=1000000
              waiting  open a store with many instances that wait on timers      --Instances=1000000

            engine, latency and check also run on PostgreSQL: --Store=postgres
            What needs PostgreSQL takes the database of --Connection="Host=…;Database=…", or the server that PERDURE_TEST_POSTGRES names, or starts a server of its own.
            --Data=DIR is where files are made (a new folder under the system's temporary one unless given).
            """);
        return 1;
}
return 0;
