from jaxgan.main import run

run()
