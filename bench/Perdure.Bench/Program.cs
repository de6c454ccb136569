using System.Globalization;
using Perdure.Bench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var bench = args.FirstOrDefault() ?? "";
var options = Options.Parse(args.Skip(1));
switch (bench)
{
    case "store":
        await StoreBench.Run(options);
        break;
    case "raw":
        RawBench.Run(options);
        break;
    case "fsync":
        FsyncBench.Run(options);
        break;
    case "all":
        FsyncBench.Run(options);
        RawBench.Run(options);
        await StoreBench.Run(options);
        break;
    case "waiting":
        await WaitingBench.Run(options);
        break;
    default:
        Console.WriteLine("""
            perdure-bench COMMAND [--Name=value]…

              all      fsync, raw and store in one run, and their ratio
              store    5-step workflows written by the SQLite store alone        --Seconds=10 --InFlight=1000 --Batch=1000
              raw      rows of 300 bytes in transactions of 500, same pragmas    --Seconds=5
              fsync    the median fdatasync of a 4 KB append                     --Count=500
              waiting  open a store with many instances that wait on timers      --Instances=1000000

            --Data=DIR is where files are made (a new folder under the system's temporary one unless given).
            """);
        return 1;
}
return 0;
