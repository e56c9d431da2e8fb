"""A server that is told to stop does not wait for what nobody waits for."""

from served import Live, save_all


def test_a_computation_without_end_does_not_keep_the_server(tmp_path):
    arguments = ("--request-seconds=0.5", "--drain-seconds=1")
    with Live(save_all(tmp_path), *arguments) as server:
        body = {"signature_name": "slow", "inputs": {"steps": 2_000_000_000}}
        assert server.predict("arithmetic", body).status_code == 504
        assert server.end(seconds=20) == 0
