#!/bin/bash
# A Slurm cluster of two nodes on this machine, for trying --executor slurm: scripts/slurm-here.sh [command …]
# Runs the command, a shell by default, with SLURM_CONF set; when that ends, so does the cluster, and nothing of it is left.
# Wants root, slurm-wlm and munge (apt-get install slurm-wlm munge). SLURM_HERE_CPUS: processors of a node, 1 by default.
set -euo pipefail

for program in munged slurmctld slurmd sbatch node; do
  command -v "$program" > /dev/null || { echo "$program was not found: apt-get install slurm-wlm munge" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "nodes without root need a user each: run it as root" >&2; exit 1; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/slurm-here-XXXXXX")
mkdir -m 700 "$folder"/{run,log,state,spool,key}
export SLURM_CONF=$folder/slurm.conf

stop() {
  trap '' INT TERM HUP
  scancel --full --partition=here > /dev/null 2>&1 || true
  for round in TERM TERM KILL KILL; do
    # Daemons by what they wrote down, jobs by the variable that they inherit.
    for file in "$folder"/run/*.pid; do [ -e "$file" ] && kill -"$round" "$(cat "$file")" 2> /dev/null; done
    for file in $(grep -lsF "SLURM_CONF=$folder/" /proc/[0-9]*/environ); do
      process=${file//[!0-9]/}
      case " $$ $BASHPID " in *" $process "*) ;; *) kill -"$round" "$process" 2> /dev/null ;; esac
    done
    sleep 0.5
  done
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

read -r controller n1 n2 < <(node -e '
  const net = require("node:net");
  const servers = [1, 2, 3].map(() => net.createServer().listen(0, "127.0.0.1"));
  Promise.all(servers.map((server) => new Promise((resolve) => server.on("listening", resolve)))).then(() => {
    console.log(servers.map((server) => server.address().port).join(" "));
    servers.forEach((server) => server.close());
  });')
host=$(hostname)
memory=$(($(awk '/^MemTotal/ { print $2 }' /proc/meminfo) / 1024 * 9 / 10))
head -c 1024 /dev/urandom > "$folder/key/munge.key"
chmod 400 "$folder/key/munge.key"

cat > "$SLURM_CONF" << CONF
ClusterName=here
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.sock
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPort=$controller
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
KillWait=5
MinJobAge=300
SchedulerParameters=sched_interval=1,bf_interval=2,batch_sched_delay=0
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$n1 CPUs=${SLURM_HERE_CPUS:-1} RealMemory=$memory
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$n2 CPUs=${SLURM_HERE_CPUS:-1} RealMemory=$memory
PartitionName=here Nodes=n1,n2 Default=YES MaxTime=1-00:00:00 State=UP
CONF

setsid munged --force --key-file "$folder/key/munge.key" --socket "$folder/run/munge.sock" --pid-file "$folder/run/munged.pid" --log-file "$folder/log/munged.log" --seed-file "$folder/state/munge.seed" < /dev/null
setsid slurmctld < /dev/null > "$folder/log/slurmctld.out" 2>&1
for node in n1 n2; do setsid slurmd -N "$node" < /dev/null > "$folder/log/$node.out" 2>&1; done

for ((tries = 0; ; tries++)); do
  [ "$(sinfo --noheader --format=%T 2> /dev/null | tr -d '\n')" = idle ] && break
  if ((tries == 150)); then
    echo "the cluster did not come up" >&2
    tail -n 5 "$folder"/log/* >&2
    exit 1
  fi
  sleep 0.2
done

if [ $# -eq 0 ]; then
  echo "Slurm with nodes n1 and n2; exit ends it. Try: npm run sweep -- --study quick --executor slurm --threads 1"
  set -- "${SHELL:-/bin/sh}"
fi
"$@"
