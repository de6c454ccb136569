using System.CommandLine;
using Perdure.Cli.Commands;

var root = new RootCommand("""
    Perdure's command line: take histories out of production, replay them against changed code before it is deployed, simulate workflows with faults from a seed, and put them under load.

    Exit codes: 0 it passed, 1 something breaks or a rate does not stand, 2 the input cannot be used, 3 a simulated workflow stopped getting on.
    """)
{
    new Command("history", "What was recorded of instances.") { HistoryExport.Command() },
    ReplayCommand.Command(),
    SimulateCommand.Command(),
    StressCommand.Command(),
};

var parsed = root.Parse(args);
if (parsed.Errors.Count == 0) return parsed.Invoke(new() { EnableDefaultExceptionHandler = false });
foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
Console.Error.WriteLine("See --help.");
return Perdure.Cli.ExitCode.Unusable;
