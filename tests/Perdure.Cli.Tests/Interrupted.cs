using System.Diagnostics;

namespace Perdure.Cli.Tests;

/// <summary>The tool, interrupted as by Ctrl-C once it has said how far it is.</summary>
internal static class Interrupted
{
    public static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Perdure.Cli.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var said = process.StandardError.ReadLineAsync();
            Assert.True(said.Wait(TimeSpan.FromMinutes(1)), "The tool did not say how far it is.");
            using (var interrupt = Process.Start("kill", ["-INT", $"{process.Id}"])) interrupt.WaitForExit();
            var errors = process.StandardError.ReadToEndAsync();
            Assert.True(process.WaitForExit(TimeSpan.FromMinutes(1)), "The tool did not end.");
            return (process.ExitCode, output.Result, $"{said.Result}\n{errors.Result}");
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
    }
}
